// Piece commitments by two other implementations: @web3-storage/data-segment (JavaScript) and fr32 (Rust as WASM).

import fs from 'node:fs'
import path from 'node:path'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import * as dataSegment from '@web3-storage/data-segment/multihash'

const RAW = 0x55
const FIL_COMMITMENT_UNSEALED = 0xf101
const SHA2_256_TRUNC254_PADDED = 0x1012
const NODE = 32

async function wasm () {
  // The package's main entry needs a loader flag for its .wasm import; the generated module takes the bytes
  const main = createRequire(import.meta.url).resolve('fr32-sha2-256-trunc254-padded-binary-tree-multihash/package.json')
  const folder = path.join(path.dirname(main), 'gen')
  const module = await import(pathToFileURL(path.join(folder, 'wasm.js')))
  await module.default(fs.readFileSync(path.join(folder, 'wasm_bg.wasm')))
  return module
}

export const implementations = {
  'fr32-wasm': async () => {
    const hasher = (await wasm()).create()
    return { write: bytes => hasher.write(bytes), multihash: () => into(hasher) }
  },
  'data-segment': async () => {
    const hasher = dataSegment.create()
    return { write: bytes => hasher.write(bytes), multihash: () => hasher.digest().bytes }
  }
}

function into (hasher) {
  const bytes = new Uint8Array(hasher.multihashByteLength())
  hasher.digestInto(bytes, 0, true)
  hasher.free()
  return bytes
}

/** Commitment of a file, as piece CID v2, v1 and padded size in bytes; `pieceSize` may ask for more than the natural size. */
export async function commitment (implementation, file, pieceSize = 0) {
  const hasher = await implementations[implementation]()
  for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hasher.write(chunk)
  const multihash = Digest.decode(hasher.multihash())
  const root = multihash.digest.slice(-NODE)
  const natural = NODE * 2 ** multihash.digest.at(-NODE - 1)
  if (pieceSize <= natural) {
    return { v2: String(CID.createV1(RAW, multihash)), v1: v1Of(root), size: natural }
  }
  return { v1: v1Of(padded(root, natural, pieceSize)), size: pieceSize }
}

const v1Of = root => String(CID.createV1(FIL_COMMITMENT_UNSEALED, Digest.create(SHA2_256_TRUNC254_PADDED, root)))

/** The root with zero sub-trees to its right, up to the larger piece. */
function padded (root, size, pieceSize) {
  let zero = new Uint8Array(NODE)
  for (let level = NODE; level < size; level *= 2) zero = parent(zero, zero)
  for (; size < pieceSize; size *= 2) {
    root = parent(root, zero)
    zero = parent(zero, zero)
  }
  return root
}

function parent (left, right) {
  const node = new Uint8Array(createHash('sha256').update(left).update(right).digest())
  node[NODE - 1] &= 0x3f
  return node
}
