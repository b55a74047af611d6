// Builds the same DAG again with ipfs-unixfs-importer.

import fs from 'node:fs'
import { importer } from 'ipfs-unixfs-importer'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'

const nowhere = { put: async cid => cid }

function options (dataset) {
  return {
    cidVersion: dataset.cidVersion,
    rawLeaves: dataset.rawLeaves,
    chunker: fixedSize({ chunkSize: dataset.chunkSize }),
    layout: balanced({ maxChildrenPerNode: dataset.maxLinks }),
    shardSplitThresholdBytes: dataset.hamtThreshold,
    shardSplitStrategy: dataset.hamtEstimation,
    shardFanoutBits: Math.log2(dataset.hamtFanout),
    fileImportConcurrency: 1,
    wrapWithDirectory: true
  }
}

/** The root CID that the importer gives to the source tree. */
export async function rebuild (source, dataset) {
  const single = source.size === 1 && source.get('').type === 'file'
  function * candidates () {
    for (const [path, entry] of source) {
      // An entry without content becomes a directory
      if (entry.type === 'file') yield { path: path || 'file', content: fs.createReadStream(entry.full, { highWaterMark: 1 << 20 }) }
      else if (path !== '') yield { path }
    }
  }
  let last
  for await (const entry of importer(candidates(), nowhere, { ...options(dataset), wrapWithDirectory: !single })) last = entry
  return String(last?.cid)
}

/** Why the importer cannot be asked, or undefined. */
export function cannotRebuild (source, dataset) {
  const entries = [...source.values()]
  if (entries.some(entry => entry.type === 'symlink') && dataset.symlinks !== false) return 'it writes a file size into links'
  if (dataset.preserveMode || dataset.preserveMtime) return 'it drops default modes'
  if (dataset.wrap) return 'the root is wrapped'
  if (source.size === 1 && source.get('').type === 'dir') return 'it makes no empty root'
}
