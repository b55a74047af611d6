// Makes folders as pack leaves them, of records alone, for reports to be made of.
import fs from 'node:fs'
import path from 'node:path'

export const hostile = [
  '</script><script>document.title="broken"</script>', '<!-- <script>', '<img src=x onerror=alert(1)>.png', 'line\u2028end', 'right\u202eto left\u202cgnp.exe', 'new\nline', '&lt;entity&gt;', '\u0007bell', '"quotes\' `', 'عربي.txt', '日本語.txt'
]

/** The same numbers from 0 to 1 in every run. */
function numbers (seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const cid = (prefix, i) => prefix + Array.from({ length: 56 }, (_, at) => 'abcdefghijklmnopqrstuvwxyz234567'[(i * 31 + at * at * 7 + at * 3) % 32]).join('')
const write = (folder, name, text) => {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  fs.writeFileSync(path.join(folder, name), text)
}
const lines = records => records.map(record => JSON.stringify(record) + '\n').join('')

/** The log of two runs, the first of which was killed. */
function log (total, next) {
  const records = []
  let bytes = 0
  for (const [run, length] of [[0, 1500], [1, 5200]]) {
    records.push({ type: 'begin', started: `2026-01-0${run + 3}T08:15:0${run}Z`, tool: 'dataprep/0.1.0', threads: 16, kernel: 'sha-ni', sources: ['/data/climate'] })
    const stages = { read: 0, leafHash: 0, commP: 0, write: 0, wait: 0 }
    const begun = bytes
    for (let at = 0; at < length;) {
      const step = Math.min(length - at, Math.max(5, at / 200))
      at += step
      const slow = at > 2500 && at < 3200 ? 0.35 : 1
      if (at > 40) bytes = Math.min(total, bytes + step * total / 6300 * slow * (0.85 + 0.3 * next()))
      const spent = { read: 2.1 / slow, leafHash: 5.5 * slow, commP: 4.5 * slow, write: 1.9, wait: 1 + next() }
      for (const stage of Object.keys(stages)) stages[stage] = Math.round((stages[stage] + spent[stage] * step) * 1000) / 1000
      const isEnd = run === 1 && at >= length
      if (isEnd) total = bytes
      records.push({
        type: isEnd ? 'end' : 'sample', ...(isEnd ? { outcome: 'done' } : {}), seconds: Math.round(at * 1000) / 1000, bytes: at <= 40 && run === 0 ? 0 : Math.round(at <= 40 ? begun : bytes), bytesTotal: at <= 40 ? 0 : total, stages: { ...stages },
        ...(isEnd ? { slowFiles: [
          { path: 'odd/bad\ufffd', pathHex: Buffer.from('odd/bad\xff', 'latin1').toString('hex'), bytes: 81, seconds: 40.4 },
          ...[...Array(24)].map((_, i) => ({ path: i < hostile.length ? `odd/${hostile[i]}` : `ensemble/member-${i}/tas_day_historical_r${i}i1p1f1_18500101-20141231.nc`, bytes: Math.round(4e9 / (i + 1)), seconds: 31.5 / (i + 1) ** 3 }))
        ] } : {})
      })
    }
  }
  return records
}

/** options: pieces, plan, log (true, false, or 'damaged'), skipped (number) */
export function makeOut (folder, { pieces = 24, plan = true, hasLog = true, isDamaged = false, skipped = 130 } = {}) {
  const next = numbers(pieces)
  const pieceSize = 32 * 2 ** 30
  const capacity = pieceSize / 128 * 127
  const list = [...Array(pieces)].map((_, i) => {
    const isDag = i === pieces - 1 && pieces > 1
    const size = isDag ? 2 ** 30 : pieceSize
    const payload = Math.floor(size / 128 * 127 * (isDag ? 0.61 : i === pieces - 2 ? 0.58 : 0.97 + 0.03 * next()))
    return { pieceCid: cid('baga6ea4seaq', i), pieceCidV2: cid('bafkzcib', i), pieceSize: size, rootCid: cid('bafybei', i), carSize: payload, carFile: `${cid('baga6ea4seaq', i)}.car`, kind: isDag ? 'dag' : 'data', files: isDag ? 0 : 100 + i, payloadSize: payload }
  })
  const types = [['nc', 5e8, 500], ['csv', 2e5, 900], ['json', 3000, 1500], ['TXT', 800, 700], ['h5', 9e9, 30], ['zarr', 1e6, 400], ['', 50, 60], ['tar.gz', 6e8, 20]]
  for (let i = 0; i < 25; i++) types.push([`x${i}`, 1000 * (i + 1), 3])
  const files = []
  for (const [type, mean, number] of types) {
    for (let i = 0; i < number; i++) files.push({ path: `data/${type || 'plain'}/file-${i}${type && `.${type}`}`, size: Math.floor(mean * (0.2 + 3 * next() ** 3)) })
  }
  hostile.forEach((name, i) => files.push({ path: `odd/${name}`, size: i * 1000 }))
  files.push({ path: 'odd/empty.dat', size: 0 })
  const entry = { type: 'file', mode: 420, mtime: '2026-01-01T00:00:00.000000000Z', cid: cid('bafkrei', 1), parts: [] }
  const bytes = files.reduce((sum, file) => sum + file.size, 0)
  write(folder, 'files.jsonl', lines(files.map(file => ({ ...entry, ...file }))))
  write(folder, 'pieces.jsonl', lines(list))
  write(folder, 'dataset.json', JSON.stringify({
    rootCid: cid('bafybei', 99), name: `climate ${hostile[0]}`, profile: 'unixfs-v1-2025', chunkSize: 1048576, maxLinks: 1024, pieceSize, files: files.length, directories: 412, bytes, pieces, dagPieces: pieces > 1 ? [list.at(-1).pieceCid] : [], skipped, tool: 'dataprep/0.1.0', previous: null, links: 7, cidVersion: 1, rawLeaves: true, hamtThreshold: 262144, hamtFanout: 256, hamtEstimation: 'block-bytes', preserveMode: false, preserveMtime: false, hidden: true, emptyDirs: true, symlinks: true, wrap: false
  }))
  if (skipped > 0) {
    const reasons = ['unreadable', 'unreadable', 'vanished', 'socket']
    write(folder, 'skipped.jsonl', lines([...Array(skipped)].map((_, i) => ({ path: i < hostile.length ? `left/${hostile[i]}` : `left/file-${i}`, reason: reasons[i % 4], detail: i % 4 < 2 ? 'cannot be opened: permission denied' : 'is not there any more' }))))
  }
  if (hasLog) {
    let text = lines(log(list.reduce((sum, piece) => sum + piece.payloadSize, 0), next))
    if (isDamaged) text = `{"type":"sam\n${text.slice(text.indexOf('\n') + 1)}\u0000\u0000\n[1]\n{"type":"sample","seconds":1e999}\n${text.slice(0, 60)}`
    write(folder, '.dataprep/runs.jsonl', text)
  }
  if (plan) {
    const providers = [...Array(9)].map((_, i) => ({ provider: `f0${1000 + i * 137}`, organisation: i === 4 ? hostile[0] : `Storage ${'ABCDEFGHI'[i]}`, region: ['Asia', 'Europe', 'North America', 'South America'][i % 4] }))
    write(folder, 'distribution/plan.jsonl', lines(list.map((piece, i) => ({ pieceCid: piece.pieceCid, pieceSize: piece.pieceSize, replicas: [...Array(i % 11 === 3 ? 4 : 5)].map((_, r) => providers[(i * 2 + r) % 9]) }))))
  }
}
