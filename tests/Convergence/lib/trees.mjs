// Compares what other implementations restore with the source tree.

import fs from 'node:fs'
import path from 'node:path'
import { exporter } from 'ipfs-unixfs-exporter'
import { CID } from 'multiformats/cid'

const PART = /^(.*)\/(\d{20})$/s

const typeOf = stats => stats.isSymbolicLink() ? 'symlink' : stats.isDirectory() ? 'dir' : stats.isFile() ? 'file' : 'other'

/** Every entry below `root` as path -> { type, full, stats }; a file as root has the single path ''. */
export function sourceTree (root) {
  const entries = new Map()
  const visit = relative => {
    const full = relative ? path.join(root, relative) : root
    const stats = fs.lstatSync(full, { bigint: true })
    const type = typeOf(stats)
    if (type === 'other') return
    entries.set(relative, { type, full, stats })
    if (type === 'dir') for (const name of fs.readdirSync(full)) visit(relative ? `${relative}/${name}` : name)
  }
  visit('')
  return entries
}

/** Reads `full` from `offset` and throws at the first chunk that differs; returns the number of bytes compared. */
async function compareContent (full, chunks, offset, name) {
  const file = fs.openSync(full, 'r')
  try {
    let position = offset
    for await (const chunk of chunks) {
      const expected = Buffer.alloc(chunk.length)
      let have = 0
      while (have < expected.length) {
        const count = fs.readSync(file, expected, have, expected.length - have, position + have)
        if (count === 0) break
        have += count
      }
      if (have !== chunk.length || !expected.equals(chunk)) throw new Error(`${JSON.stringify(name)} differs after byte ${position}`)
      position += chunk.length
    }
    return position - offset
  } finally {
    fs.closeSync(file)
  }
}

/** What the source holds at a restored path: the entry itself, or the slice of a file that was cut at a piece boundary. */
function place (source, name) {
  const whole = source.get(name)
  if (whole) return { entry: whole, offset: 0, part: false }
  const [, stem, digits] = PART.exec(name) ?? []
  const cut = stem === undefined ? undefined : source.get(stem)
  return cut?.type === 'file' ? { entry: cut, offset: Number(digits), part: true } : undefined
}

/** Holds a tree that was unpacked to disk against the source. Links come out of the CLI as empty files and are not judged. */
export async function compareUnpacked (source, unpacked) {
  let files = 0
  for (const [name, restored] of sourceTree(unpacked)) {
    if (restored.type === 'dir') continue
    const at = place(source, name)
    if (!at) throw new Error(`${JSON.stringify(name)} is not in the source`)
    if (at.entry.type === 'symlink') continue
    if (at.entry.type !== 'file') throw new Error(`${JSON.stringify(name)} was a ${at.entry.type}`)
    const size = await compareContent(at.entry.full, fs.createReadStream(restored.full), at.offset, name)
    if (!at.part && BigInt(size) !== at.entry.stats.size) throw new Error(`${JSON.stringify(name)} has ${size} bytes`)
    files++
  }
  return files
}

/** Walks a DAG with ipfs-unixfs-exporter and holds every entry against the source; returns path -> { cid, type, size }. */
export async function compareExported (source, root, store) {
  const seen = new Map()
  const visit = async (cid, name) => {
    const entry = await exporter(cid, store)
    const expected = source.get(name)
    if (!expected) throw new Error(`${JSON.stringify(name)} is not in the source`)
    const type = entry.type === 'directory' ? 'dir' : entry.unixfs?.type === 'symlink' ? 'symlink' : 'file'
    if (type !== expected.type) throw new Error(`${JSON.stringify(name)} is a ${type}, the source has a ${expected.type}`)
    seen.set(name, { cid: String(entry.cid), type, mode: entry.unixfs?.mode, mtime: entry.unixfs?.mtime })
    if (type === 'symlink') {
      const target = Buffer.from(entry.unixfs.data)
      if (!target.equals(fs.readlinkSync(expected.full, 'buffer'))) throw new Error(`${JSON.stringify(name)} points to ${target}`)
    } else if (type === 'file') {
      const size = await compareContent(expected.full, entry.content(), 0, name)
      if (BigInt(size) !== expected.stats.size) throw new Error(`${JSON.stringify(name)} has ${size} bytes`)
    } else {
      for await (const child of entry.entries()) await visit(CID.parse(String(child.cid)), name ? `${name}/${child.name}` : child.name)
    }
  }
  await visit(CID.parse(root), '')
  const left = [...source].filter(([name]) => !seen.has(name))
  if (left.length > 0) throw new Error(`${left.length} entries are missing, ${JSON.stringify(left[0][0])} first`)
  return seen
}

/**
 * Walks the tree of one piece with nothing but the blocks of that piece, and holds every file, or part of a file, against the source;
 * returns path -> the exporter's entry.
 */
export async function compareAlone (source, root, store) {
  const seen = new Map()
  const visit = async (cid, name) => {
    const entry = await exporter(cid, store)
    seen.set(name, entry)
    if (entry.type === 'directory') {
      for await (const child of entry.entries()) await visit(CID.parse(String(child.cid)), name ? `${name}/${child.name}` : child.name)
      return
    }
    const at = place(source, name)
    if (!at) throw new Error(`${JSON.stringify(name)} is not in the source`)
    if (entry.unixfs?.type === 'symlink') {
      if (!Buffer.from(entry.unixfs.data).equals(fs.readlinkSync(at.entry.full, 'buffer'))) throw new Error(`${JSON.stringify(name)} points elsewhere`)
      return
    }
    if (at.entry.type !== 'file') throw new Error(`${JSON.stringify(name)} was a ${at.entry.type}`)
    const size = await compareContent(at.entry.full, entry.content(), at.offset, name)
    if (!at.part && BigInt(size) !== at.entry.stats.size) throw new Error(`${JSON.stringify(name)} has ${size} bytes`)
  }
  await visit(CID.parse(root), '')
  return seen
}

/** Restores every cut file by concatenating its parts, each from the tree of its own piece; returns how many there were. */
export async function compareCut (source, files, trees) {
  let cut = 0
  for (const row of files.filter(row => row.parts.length > 1)) {
    async function * content () {
      for (const part of row.parts) {
        const name = `${row.path}/${String(part.fileOffset).padStart(20, '0')}`
        const entry = trees.get(part.pieceCid)?.get(name)
        if (!entry) throw new Error(`${JSON.stringify(name)} is not in piece ${part.pieceCid}`)
        if (entry.size !== BigInt(part.length)) throw new Error(`${JSON.stringify(name)} has ${entry.size} bytes`)
        yield * entry.content()
      }
    }
    const { full, stats } = source.get(row.path) ?? source.get('')
    const size = await compareContent(full, content(), 0, row.path)
    if (BigInt(size) !== stats.size) throw new Error(`${JSON.stringify(row.path)} comes to ${size} bytes`)
    cut++
  }
  return cut
}

/** Mode and mtime as the DAG has them, against the source; links carry no mode. */
export function compareMetadata (source, exported, { preserveMode, preserveMtime }) {
  for (const [name, { type, mode, mtime }] of exported) {
    const { stats } = source.get(name)
    if (preserveMode && type !== 'symlink' && BigInt((mode ?? -1) & 0o7777) !== (stats.mode & 0o7777n)) {
      throw new Error(`${JSON.stringify(name)} has mode ${mode?.toString(8)}`)
    }
    if (preserveMtime && (mtime === undefined || BigInt(mtime.secs) * 1000000000n + BigInt(mtime.nsecs ?? 0) !== stats.mtimeNs)) {
      throw new Error(`${JSON.stringify(name)} has mtime ${mtime?.secs}.${mtime?.nsecs ?? 0}`)
    }
  }
}
