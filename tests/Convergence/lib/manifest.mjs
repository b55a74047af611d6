// Reads the manifests and holds them against their schemas, the source, and the CARs.

import fs from 'node:fs'
import path from 'node:path'
import Ajv2020 from 'ajv/dist/2020.js'
import { check } from './report.mjs'

const tables = { dataset: 'dataset.json', piece: 'pieces.jsonl', file: 'files.jsonl', skipped: 'skipped.jsonl' }

export function readLines (file) {
  if (!fs.existsSync(file)) return []
  return fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line))
}

export function readManifest (out) {
  return {
    dataset: JSON.parse(fs.readFileSync(path.join(out, 'dataset.json'), 'utf8')),
    pieces: readLines(path.join(out, 'pieces.jsonl')),
    files: readLines(path.join(out, 'files.jsonl')),
    skipped: readLines(path.join(out, 'skipped.jsonl'))
  }
}

/** JSON Schema validation of every manifest that is there. */
export function checkSchemas (out, schemas) {
  for (const [name, table] of Object.entries(tables)) {
    const schema = path.join(schemas, `${name}.schema.json`)
    const file = path.join(out, table)
    if (!fs.existsSync(schema) || !fs.existsSync(file)) continue
    const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(fs.readFileSync(schema, 'utf8')))
    const rows = table.endsWith('.jsonl') ? readLines(file) : [JSON.parse(fs.readFileSync(file, 'utf8'))]
    const bad = rows.findIndex(row => !validate(row))
    if (bad >= 0) validate(rows[bad])
    check(`${table} follows ${name}.schema.json (${rows.length})`, bad < 0,
      bad < 0 ? '' : `row ${bad + 1}: ${validate.errors.map(error => `${error.instancePath || '/'} ${error.message}`).join('; ')}`)
  }
}

/** What of the source the options let in: hidden names, links and empty directories may be left out, skipped paths always are. */
export function select (source, { dataset, skipped }) {
  const left = new Set(skipped.map(row => row.path))
  const kept = new Map([...source].filter(([name, entry]) =>
    !left.has(name) &&
    (dataset.hidden !== false || !name.split('/').some(part => part.startsWith('.'))) &&
    (dataset.symlinks !== false || entry.type !== 'symlink')))
  if (dataset.emptyDirs === false) {
    const parents = new Set([''])
    for (const [name, entry] of kept) {
      if (entry.type === 'dir') continue
      for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) parents.add(name.slice(0, at))
    }
    for (const [name, entry] of kept) if (entry.type === 'dir' && !parents.has(name)) kept.delete(name)
  }
  return kept
}

const nanoseconds = text => {
  const [, seconds, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(text)
  return BigInt(Date.parse(`${seconds}Z`)) * 1000000n + BigInt(fraction.padEnd(9, '0'))
}

function wrongRow (row, entry, exported) {
  if (!entry) return 'is not in the source'
  if (row.type !== entry.type) return `is a ${row.type}, the source has a ${entry.type}`
  if (row.type === 'file' && BigInt(row.size) !== entry.stats.size) return `has size ${row.size}`
  if (row.mode !== Number(entry.stats.mode & 0o7777n)) return `has mode ${row.mode}`
  if (nanoseconds(row.mtime) !== entry.stats.mtimeNs) return `has mtime ${row.mtime}`
  if (exported && row.cid !== exported.cid) return `has cid ${row.cid}, the DAG has ${exported.cid}`
}

/** files.jsonl row by row against the source and against the CIDs found in the DAG. */
export function compareRows ({ dataset, files }, source, exported) {
  const rows = new Map(files.map(row => [row.path, row]))
  if (rows.size !== files.length) throw new Error('a path is listed twice')
  for (const row of files) {
    const wrong = wrongRow(row, source.get(row.path), exported?.get(row.path))
    if (wrong) throw new Error(`${JSON.stringify(row.path)} ${wrong}`)
  }
  const missing = [...source.keys()].find(name => name !== '' && !rows.has(name))
  if (missing !== undefined) throw new Error(`${JSON.stringify(missing)} is not listed`)
  const unsorted = files.findIndex((row, i) => i > 0 && compareNames(files[i - 1].path, row.path) >= 0)
  if (unsorted > 0) throw new Error(`${JSON.stringify(files[unsorted].path)} is out of order`)
  const count = type => [...source.values()].filter(entry => entry.type === type).length
  const counts = { files: count('file'), directories: count('dir'), links: count('symlink') }
  for (const [name, value] of Object.entries(counts)) {
    if (dataset[name] !== value) throw new Error(`dataset.json counts ${dataset[name]} ${name}, the source has ${value}`)
  }
}

function compareNames (a, b) {
  const left = a.split('/')
  const right = b.split('/')
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = Buffer.compare(Buffer.from(left[i]), Buffer.from(right[i]))
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** Every part covers its file without gaps, and a section with the right first bytes stands at its carOffset. */
export function compareParts (files, source, sections, store) {
  for (const row of files.filter(row => row.type === 'file')) {
    let position = 0
    for (const part of row.parts) {
      if (part.fileOffset !== position) throw new Error(`${JSON.stringify(row.path)} has a gap at ${position}`)
      const section = sections.get(part.pieceCid)?.get(part.carOffset)
      if (!section) throw new Error(`${JSON.stringify(row.path)}: no section at ${part.carOffset} of ${part.pieceCid}`)
      const content = leafContent(store.read(section.cid), section.cid)
      const expected = Buffer.alloc(Math.min(content.length, part.length))
      const file = fs.openSync(source.get(row.path).full, 'r')
      fs.readSync(file, expected, 0, expected.length, part.fileOffset)
      fs.closeSync(file)
      if (!expected.equals(content.subarray(0, expected.length))) throw new Error(`${JSON.stringify(row.path)}: other bytes at ${part.carOffset}`)
      position += part.length
    }
    if (position !== row.size) throw new Error(`${JSON.stringify(row.path)}: parts hold ${position} of ${row.size} bytes`)
  }
}

/** Content of a raw leaf, or of a dag-pb leaf: 0a len, 08 02, 12 len content. */
function leafContent (block, cid) {
  if (cid.startsWith('bafk')) return block
  const varint = at => {
    let value = 0
    let shift = 0
    for (;; at++, shift += 7) {
      value += (block[at] & 0x7f) * 2 ** shift
      if (block[at] < 0x80) return [value, at + 1]
    }
  }
  const [, data] = varint(1)
  if (block[data + 2] !== 0x12) return block.subarray(0, 0)
  const [length, start] = varint(data + 3)
  return block.subarray(start, start + length)
}
