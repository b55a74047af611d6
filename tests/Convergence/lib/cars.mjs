// Reads CARs with @ipld/car, hashes every block, and serves blocks by CID from where they stand in the files.

import fs from 'node:fs'
import { createHash } from 'node:crypto'
import { CarBlockIterator, CarIndexer } from '@ipld/car'

const SHA2_256 = 0x12

/** A stream over the CAR without the zero bytes that may follow it up to a minimum piece size. */
const payload = (path, size) => size === 0 ? [] : fs.createReadStream(path, { start: 0, end: size - 1, highWaterMark: 1 << 20 })

/** Reads a CAR from start to end; throws at the first block whose bytes don't hash to its CID. */
export async function verifyCar (path, size) {
  const iterator = await CarBlockIterator.fromIterable(payload(path, size))
  let blocks = 0
  let last
  for await (const { cid, bytes } of iterator) {
    if (cid.multihash.code !== SHA2_256) throw new Error(`block ${cid} is not sha2-256`)
    const digest = createHash('sha256').update(bytes).digest()
    if (!digest.equals(cid.multihash.digest)) throw new Error(`block ${cid} has digest ${digest.toString('hex')}`)
    blocks++
    last = String(cid)
  }
  return { roots: (await iterator.getRoots()).map(String), blocks, last }
}

/** True when every byte from `start` on is zero. */
export async function zeroFrom (path, start) {
  for await (const chunk of fs.createReadStream(path, { start })) {
    if (chunk.some(byte => byte !== 0)) return false
  }
  return true
}

/** Blocks of any number of CARs, kept as positions, read on demand. */
export class CarStore {
  #places = new Map()
  #files = new Map()

  async add (path, size) {
    const file = fs.openSync(path, 'r')
    this.#files.set(path, file)
    const sections = new Map()
    for await (const { cid, offset, blockOffset, blockLength } of await CarIndexer.fromIterable(payload(path, size))) {
      sections.set(offset, { cid: String(cid), blockOffset, blockLength })
      this.#places.set(String(cid), { file, blockOffset, blockLength })
    }
    return sections
  }

  read (cid) {
    const place = this.#places.get(String(cid))
    if (!place) throw new Error(`block ${cid} is missing`)
    const bytes = new Uint8Array(place.blockLength)
    let done = 0
    while (done < bytes.length) {
      const count = fs.readSync(place.file, bytes, done, bytes.length - done, place.blockOffset + done)
      if (count === 0) throw new Error(`block ${cid} ends early`)
      done += count
    }
    return bytes
  }

  async * get (cid) {
    yield this.read(cid)
  }

  close () {
    for (const file of this.#files.values()) fs.closeSync(file)
  }
}
