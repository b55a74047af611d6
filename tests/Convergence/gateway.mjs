#!/usr/bin/env node
// gateway.mjs DATAPREP SOURCE OUT
//
// Starts `dataprep serve OUT` and reads the source back over HTTP with other implementations: blocks and CARs from the trustless gateway,
// and pieces with download tools that go on where they were cut off. One line per check, then `N passed, N failed`; exits 1 when anything failed.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { exporter } from 'ipfs-unixfs-exporter'
import { attempt, check, equal, finish, note } from './lib/report.mjs'
import { CarStore, verifyCar } from './lib/cars.mjs'
import { compareExported, compareUnpacked, sourceTree } from './lib/trees.mjs'
import { readManifest, select } from './lib/manifest.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
if (process.argv.length !== 5) {
  console.error('usage: gateway.mjs DATAPREP SOURCE OUT')
  process.exit(2)
}
const [dataprep, root, out] = process.argv.slice(2)
const manifest = readManifest(out)
const { dataset, pieces } = manifest
const source = select(sourceTree(root), manifest)
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'dataprep-gateway-'))

/** The address that the server prints once it listens. */
function addressOf (server) {
  return new Promise((resolve, reject) => {
    let text = ''
    server.stdout.on('data', chunk => {
      text += chunk
      const found = /http:\/\/[0-9.:]+/.exec(text)
      if (found && text.includes('\n')) resolve(found[0])
    })
    server.stderr.on('data', chunk => { text += chunk })
    server.once('error', reject)
    server.once('exit', code => reject(new Error(`serve exits ${code}: ${text}`)))
  })
}

const encode = name => name.split('/').map(encodeURIComponent).join('/')

/** Saves what a URL gives as a CAR and holds every block of it against its CID. */
async function download (url, accept) {
  const answer = await fetch(url, { headers: { accept: accept ?? '*/*' } })
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  const file = path.join(work, 'download.car')
  await pipeline(Readable.fromWeb(answer.body), fs.createWriteStream(file))
  const size = fs.statSync(file).size
  const store = new CarStore()
  await store.add(file, size)
  return { file, store, ...await verifyCar(file, size), type: answer.headers.get('content-type') }
}

/** Blocks one by one, each checked. */
class BlockStore {
  constructor (address) {
    this.address = address
  }

  async * get (cid) {
    const answer = await fetch(`${this.address}/ipfs/${cid}`, { headers: { accept: 'application/vnd.ipld.raw' } })
    if (answer.status !== 200) throw new Error(`block ${cid}: ${answer.status}`)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    if (!createHash('sha256').update(bytes).digest().equals(cid.multihash.digest)) throw new Error(`block ${cid} does not match`)
    yield bytes
  }
}

async function checkWhole (address) {
  const { file, store, roots, blocks, type } = await download(`${address}/ipfs/${dataset.rootCid}?format=car`)
  equal('the CAR of the root says what it is', type, 'application/vnd.ipld.car; version=1; order=dfs; dups=n')
  equal('its root is that of the dataset', roots.join(), dataset.rootCid)
  check('it has blocks', blocks > 0)
  await attempt('ipfs-unixfs-exporter reads the whole source from it', () => compareExported(source, dataset.rootCid, store))
  await attempt('ipfs-car unpack restores the whole source from it', async () => {
    const target = path.join(work, 'tree')
    execFileSync(process.execPath, [path.join(here, 'node_modules', 'ipfs-car', 'bin.js'), 'unpack', file, '--output', target], { stdio: ['ignore', 'ignore', 'pipe'] })
    await compareUnpacked(source, target)
  })
  store.close()
}

/** What is in a CAR is enough to follow the path, and to read what is at its end. */
async function checkPaths (address) {
  const files = [...source].filter(([name, { type }]) => name !== '' && type === 'file').sort((a, b) => Number(b[1].stats.size - a[1].stats.size))
  const some = [...files.slice(0, 5), ...files.filter((_, i) => i % Math.ceil(files.length / 20) === 0)]
  for (const [name, { full }] of some) {
    const content = fs.readFileSync(full)
    const base = `${address}/ipfs/${dataset.rootCid}/${encode(name)}?format=car&dag-scope=entity`
    const from = Math.floor(content.length / 3)
    const to = Math.floor(content.length / 2)
    for (const [query, offset, length] of [['', 0, content.length], [`&entity-bytes=${from}:${to}`, from, Math.min(content.length, to + 1) - from], ['&entity-bytes=-10:*', Math.max(0, content.length - 10), Math.min(10, content.length)]]) {
      const { store } = await download(base + query)
      const entry = await exporter(`${dataset.rootCid}/${name}`, store)
      const parts = []
      for await (const part of entry.content({ offset, length })) parts.push(part)
      if (!Buffer.concat(parts).equals(content.subarray(offset, offset + length))) throw new Error(`${JSON.stringify(name)}${query} differs`)
      store.close()
    }
  }
  return some.length
}

/** Every folder can be listed from the blocks of its entity. */
async function checkFolders (address) {
  for (const [name] of [...source].filter(([, { type }]) => type === 'dir').slice(0, 30)) {
    const { store } = await download(`${address}/ipfs/${dataset.rootCid}/${encode(name)}?dag-scope=entity`, 'application/vnd.ipld.car; version=1; order=dfs; dups=y')
    const entry = await exporter(name ? `${dataset.rootCid}/${name}` : dataset.rootCid, store)
    const names = []
    for await (const child of entry.entries()) names.push(child.name)
    const expected = [...source.keys()].filter(key => key !== '' && (name === '' ? !key.includes('/') : key.startsWith(`${name}/`) && !key.slice(name.length + 1).includes('/')))
    if (names.length !== expected.length) throw new Error(`${JSON.stringify(name)} has ${names.length} entries, the source ${expected.length}`)
    store.close()
  }
}

/** Tools that load a file go on where it was cut off. */
function checkTools (address, piece) {
  const car = path.join(out, piece.carFile)
  const url = `${address}/piece/${piece.pieceCid}`
  const tools = {
    curl: file => ['-sS', '-f', '-C', '-', '-o', file, url],
    wget: file => ['-q', '-c', '-O', file, url],
    aria2c: file => ['-q', '-c', '-x', '4', '-s', '4', '-k', '1M', '-d', path.dirname(file), '-o', path.basename(file), url]
  }
  for (const [tool, command] of Object.entries(tools)) {
    if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).error) {
      note(`${tool} is not here`)
      continue
    }
    for (const begun of [0, Math.floor(piece.carSize / 3)]) {
      const file = path.join(work, `${tool}-${begun}.car`)
      if (begun > 0) fs.writeFileSync(file, fs.readFileSync(car).subarray(0, begun))
      const { status, stderr } = spawnSync(tool, command(file), { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 })
      check(`${tool} loads a piece${begun > 0 ? ' from where it was cut off' : ''}`, status === 0 && fs.readFileSync(file).equals(fs.readFileSync(car)), `exit ${status} ${stderr}`)
    }
  }
}

const server = spawn(dataprep, ['serve', out, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] })
try {
  const address = await addressOf(server)
  await attempt('the CAR of the root is read', () => checkWhole(address))
  await attempt('ipfs-unixfs-exporter reads the whole source block by block', () => compareExported(source, dataset.rootCid, new BlockStore(address)))
  check('files were asked for', await attempt('the CAR of a path has what it takes to follow it and to read the file, or a part of it', () => checkPaths(address)) > 0)
  await attempt('the CAR of a folder lists it', () => checkFolders(address))
  const probe = await fetch(`${address}/ipfs/${dataset.rootCid}?dag-scope=block`, { headers: { accept: 'application/vnd.ipld.car' } })
  equal('a probe of the root is answered', probe.status, 200)
  checkTools(address, pieces.filter(piece => piece.carFile != null).sort((a, b) => b.carSize - a.carSize)[0])
} finally {
  if (server.kill('SIGTERM')) await once(server, 'exit')
  fs.rmSync(work, { recursive: true, force: true })
}

finish()
