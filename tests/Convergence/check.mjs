#!/usr/bin/env node
// check.mjs SOURCE OUT [--no-datasegment] [--no-unpack]
//
// Holds what `dataprep pack SOURCE -o OUT` left in OUT against other implementations of CAR, UnixFS and CommP.
// One line per check, then `N passed, N failed`; exits 1 when anything failed.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { attempt, check, equal, finish, note } from './lib/report.mjs'
import { CarStore, verifyCar, zeroFrom } from './lib/cars.mjs'
import { commitment, implementations } from './lib/commp.mjs'
import { compareAlone, compareCut, compareExported, compareMetadata, compareUnpacked, sourceTree } from './lib/trees.mjs'
import { checkSchemas, compareParts, compareRows, readManifest, select } from './lib/manifest.mjs'
import { cannotRebuild, rebuild } from './lib/rebuild.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'no-datasegment': { type: 'boolean' }, 'no-unpack': { type: 'boolean' } }
})
if (positionals.length !== 2) {
  console.error('usage: check.mjs SOURCE OUT [--no-datasegment] [--no-unpack]')
  process.exit(2)
}
const [root, out] = positionals

async function checkPiece (piece, car) {
  const short = piece.pieceCid.slice(-8)
  equal(`${short} carSize`, fs.statSync(car).size, piece.carSize)
  equal(`${short} is named by its piece CID`, piece.carFile, `${piece.pieceCid}.car`)
  const read = await attempt(`${short} @ipld/car reads it, every block matches its CID`, () => verifyCar(car, piece.payloadSize))
  if (read) {
    equal(`${short} has one root, the one in pieces.jsonl`, read.roots.join(), piece.rootCid)
    check(`${short} has blocks`, read.blocks > 0)
    equal(`${short} ends with its root`, read.last, piece.rootCid)
  }
  if (piece.carSize > piece.payloadSize) check(`${short} ends in zeros`, await zeroFrom(car, piece.payloadSize))
  for (const name of Object.keys(implementations)) {
    if (name === 'data-segment' && options['no-datasegment']) continue
    const found = await attempt(`${short} ${name} computes a commitment`, () => commitment(name, car, piece.pieceSize))
    if (!found) continue
    equal(`${short} ${name} piece CID v1`, found.v1, piece.pieceCid)
    equal(`${short} ${name} piece size`, found.size, piece.pieceSize)
    if (found.v2) equal(`${short} ${name} piece CID v2`, found.v2, piece.pieceCidV2)
  }
}

/** Unpacks a piece with the ipfs-car command and compares what it restores. */
async function unpack (piece, car, source, folder) {
  let file = car
  if (piece.carSize > piece.payloadSize) {
    // ipfs-car knows no zero-fill
    file = path.join(folder, 'payload.car')
    fs.copyFileSync(car, file)
    fs.truncateSync(file, piece.payloadSize)
  }
  const target = path.join(folder, 'tree')
  const command = path.join(here, 'node_modules', 'ipfs-car', 'bin.js')
  execFileSync(process.execPath, [command, 'unpack', file, '--output', target], { stdio: ['ignore', 'ignore', 'pipe'] })
  const files = await compareUnpacked(source, target)
  if (files === 0 && piece.files > 0) throw new Error('nothing was restored')
}

const manifest = readManifest(out)
const { dataset, pieces } = manifest
checkSchemas(out, path.join(here, '..', '..', 'docs', 'schema'))
equal('dataset.json counts the pieces', dataset.pieces, pieces.length)
equal('dataset.json counts what was skipped', dataset.skipped, manifest.skipped.length)
const listed = new Set(pieces.map(piece => piece.carFile))
equal('every CAR is listed', fs.readdirSync(out).filter(name => name.endsWith('.car') && !listed.has(name)).join(), '')

const source = select(sourceTree(root), manifest)
const store = new CarStore()
const sections = new Map()
const trees = new Map()
const alone = []
for (const piece of pieces) {
  if (piece.carFile == null) continue
  const car = path.join(out, piece.carFile)
  await checkPiece(piece, car)
  const places = await attempt(`${piece.pieceCid.slice(-8)} can be indexed`, () => store.add(car, piece.payloadSize))
  if (places) sections.set(piece.pieceCid, places)
  if (piece.kind !== 'data') continue
  const own = new CarStore()
  alone.push(own)
  await own.add(car, piece.payloadSize)
  const tree = await attempt(`${piece.pieceCid.slice(-8)} ipfs-unixfs-exporter reads it by itself`, () => compareAlone(source, piece.rootCid, own))
  if (tree) trees.set(piece.pieceCid, tree)
  if (options['no-unpack']) continue
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dataprep-unpack-'))
  await attempt(`${piece.pieceCid.slice(-8)} ipfs-car unpack restores the files`, () => unpack(piece, car, source, folder))
  fs.rmSync(folder, { recursive: true, force: true })
}

const exported = await attempt('ipfs-unixfs-exporter reads back the whole source', () => compareExported(source, dataset.rootCid, store))
if (exported && (dataset.preserveMode || dataset.preserveMtime)) {
  await attempt('mode and mtime are in the DAG', () => compareMetadata(source, exported, dataset))
}
if (manifest.files.length > 0) {
  await attempt('files.jsonl agrees with the source and the DAG', () => compareRows(manifest, source, exported))
  await attempt('parts in files.jsonl stand where they say', () => compareParts(manifest.files, source, sections, store))
}
if (pieces.length > 1) {
  const dag = pieces.filter(piece => piece.kind === 'dag')
  equal('dagPieces are the pieces of kind dag', dataset.dagPieces.join(), dag.map(piece => piece.pieceCid).join())
  equal('the last dag piece has the root', dag.at(-1)?.rootCid, dataset.rootCid)
  const cut = await attempt('cut files are their parts, concatenated', () => compareCut(source, manifest.files, trees))
  check('a file is cut', cut > 0)
}
for (const each of [store, ...alone]) each.close()

const reason = cannotRebuild(source, dataset)
if (reason) {
  note(`ipfs-unixfs-importer is not asked for the root: ${reason}`)
} else {
  const again = await attempt('ipfs-unixfs-importer builds a DAG from the source', () => rebuild(source, dataset))
  if (again) equal('ipfs-unixfs-importer root CID', again, dataset.rootCid)
}

finish()
