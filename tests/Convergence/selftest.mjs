#!/usr/bin/env node
// Shows that check.mjs passes on what another tool made, and fails when a byte of it is turned over.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CID } from 'multiformats/cid'
import { CarStore, verifyCar } from './lib/cars.mjs'
import { commitment } from './lib/commp.mjs'
import { sourceTree, compareExported } from './lib/trees.mjs'
import { check, finish } from './lib/report.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'dataprep-selftest-'))
const node = (...args) => execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })

const tree = path.join(work, 'tree')
node(path.join(here, 'make-tree.mjs'), tree, 'selftest', '--no-symlinks')
// ipfs-car packs no empty directories
fs.rmSync(path.join(tree, 'empty'), { recursive: true })
fs.rmSync(path.join(tree, 'empties'), { recursive: true })

const out = path.join(work, 'out')
fs.mkdirSync(out)
const packed = path.join(work, 'packed.car')
node(path.join(here, 'node_modules', 'ipfs-car', 'bin.js'), 'pack', tree, '--hidden', '--no-wrap', '--output', packed)
const carSize = fs.statSync(packed).size
const { roots: [rootCid] } = await verifyCar(packed, carSize)
const piece = await commitment('fr32-wasm', packed)
const carFile = `${piece.v1}.car`
fs.renameSync(packed, path.join(out, carFile))

const source = sourceTree(tree)
const store = new CarStore()
const sections = await store.add(path.join(out, carFile), carSize)
const exported = await compareExported(source, rootCid, store)
const offsets = new Map([...sections].map(([offset, section]) => [section.cid, offset]))
const firstLeaf = cid => {
  // The first block of a file's DAG without links: a raw leaf is its own, a dag-pb node names it in its first link
  if (cid.startsWith('bafk')) return cid
  const block = store.read(cid)
  const multihash = Buffer.from(block.subarray(6, 40)).toString('hex')
  return [...offsets.keys()].find(leaf => leaf.startsWith('bafk') && Buffer.from(store.read(leaf)).length > 0 && hex(leaf) === multihash)
}
const hex = text => Buffer.from(CID.parse(text).multihash.bytes).toString('hex')

const entries = [...source].filter(([name]) => name !== '')
const order = ([a], [b]) => {
  const [left, right] = [a.split('/').map(x => Buffer.from(x)), b.split('/').map(x => Buffer.from(x))]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const c = Buffer.compare(left[i], right[i])
    if (c !== 0) return c
  }
  return left.length - right.length
}
const rows = entries.sort(order).map(([name, { type, stats }]) => {
  const size = type === 'file' ? Number(stats.size) : 0
  const cid = exported.get(name).cid
  const seconds = new Date(Number(stats.mtimeNs / 1000000000n) * 1000).toISOString().slice(0, 19)
  return {
    path: name,
    type,
    size,
    mode: Number(stats.mode & 0o7777n),
    mtime: `${seconds}.${String(stats.mtimeNs % 1000000000n).padStart(9, '0')}Z`,
    cid,
    parts: size > 0 ? [{ pieceCid: piece.v1, fileOffset: 0, length: size, carOffset: offsets.get(firstLeaf(cid)) }] : []
  }
})
store.close()

const count = type => [...source.values()].filter(entry => entry.type === type).length
const lines = objects => objects.map(object => JSON.stringify(object) + '\n').join('')
fs.writeFileSync(path.join(out, 'files.jsonl'), lines(rows))
fs.writeFileSync(path.join(out, 'pieces.jsonl'), lines([{
  pieceCid: piece.v1, pieceCidV2: piece.v2, pieceSize: piece.size, rootCid, carSize, carFile, kind: 'data', files: count('file'), payloadSize: carSize
}]))
fs.writeFileSync(path.join(out, 'dataset.json'), JSON.stringify({
  rootCid, name: 'selftest', profile: 'unixfs-v1-2025', chunkSize: 1048576, maxLinks: 1024, cidVersion: 1, rawLeaves: true, hamtThreshold: 262144,
  hamtFanout: 256, hamtEstimation: 'block-bytes', preserveMode: false, preserveMtime: false, hidden: true, emptyDirs: true, symlinks: true, wrap: false,
  pieceSize: piece.size, files: count('file'), directories: count('dir'), links: 0, bytes: rows.reduce((sum, row) => sum + row.size, 0), pieces: 1,
  dagPieces: [],
  skipped: 0, tool: 'ipfs-car 3.1.0', previous: null
}))

const quick = ['--no-datasegment', '--no-unpack']
function expect (name, status, options = quick) {
  const result = spawnSync(process.execPath, [path.join(here, 'check.mjs'), tree, out, ...options], { encoding: 'utf8' })
  const ok = check(`selftest: ${name}`, result.status === status, `exit ${result.status}`)
  if (!ok) console.log((result.stdout + result.stderr).replace(/^/gm, '  '))
}
function flip (file, position, mask = 1) {
  const handle = fs.openSync(file, 'r+')
  const byte = Buffer.alloc(1)
  fs.readSync(handle, byte, 0, 1, position)
  byte[0] ^= mask
  fs.writeSync(handle, byte, 0, 1, position)
  fs.closeSync(handle)
}

expect('passes on a CAR made by ipfs-car', 0, [])
for (const [name, file, position] of [
  ['header', carFile, 30], ['content', carFile, carSize >> 1], ['last byte', carFile, carSize - 1],
  ['piece CID', 'pieces.jsonl', 40], ['root CID', 'dataset.json', 30], ['files.jsonl', 'files.jsonl', 11]
]) {
  flip(path.join(out, file), position)
  expect(`fails on a flipped bit (${name})`, 1)
  flip(path.join(out, file), position)
}
const victim = path.join(tree, 'sizes', '1048577.bin')
const stats = fs.statSync(victim)
flip(victim, 1048576)
fs.utimesSync(victim, stats.atime, stats.mtime)
expect('fails on a changed source', 1)

fs.rmSync(work, { recursive: true })
finish()
