#!/usr/bin/env node
// make-tree.mjs DIR SEED [--no-symlinks] [--wide N] [--small]
//
// Makes the same tree for the same seed: nested, empty and hidden directories, awkward names, files around chunk boundaries,
// repeated contents, links of every sort. --wide adds a directory of N small files; --small leaves out what is over 64 KiB.

import fs from 'node:fs'
import path from 'node:path'
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'

const MiB = 1 << 20
const { values: options, positionals: [root, seed] } = parseArgs({
  allowPositionals: true,
  options: { 'no-symlinks': { type: 'boolean' }, wide: { type: 'string' }, small: { type: 'boolean' } }
})
if (seed === undefined) {
  console.error('usage: make-tree.mjs DIR SEED [--no-symlinks] [--wide N] [--small]')
  process.exit(2)
}

/** SHA-256 in counter mode: block i is sha256(label || i as 8 bytes, big-endian). */
function bytes (label, size) {
  const counter = Buffer.alloc(8)
  const blocks = []
  for (let i = 0; i < Math.ceil(size / 32); i++) {
    counter.writeBigUInt64BE(BigInt(i))
    blocks.push(createHash('sha256').update(label).update(counter).digest())
  }
  return Buffer.concat(blocks).subarray(0, size)
}

const number = label => bytes(`${seed}/number/${label}`, 4).readUInt32BE()
let clock = 0

function touch (full) {
  // Fixed, distinct times, whole microseconds as Node can set no finer
  const time = 1500000000 + (number('time') % 100000000) + clock++ * 3601 + (clock % 7 === 0 ? 0 : (clock % 1000) / 1000)
  fs.lutimesSync(full, time, time)
}

function file (name, size, label = name) {
  const full = path.join(root, name)
  fs.mkdirSync(path.dirname(full), { recursive: true })
  fs.writeFileSync(full, bytes(`${seed}/${label}`, size))
  fs.chmodSync(full, [0o644, 0o600, 0o755, 0o640][number(name) % 4])
  touch(full)
}

const directory = name => fs.mkdirSync(path.join(root, name), { recursive: true })

function link (name, target) {
  const full = path.join(root, name)
  fs.mkdirSync(path.dirname(full), { recursive: true })
  fs.symlinkSync(target, full)
  touch(full)
}

directory('.')
const boundaries = [0, 1, 31, 32, 126, 127, 128, 254, 1023, 4096, 65535, 65536]
const large = [262143, 262144, 262145, MiB - 1, MiB, MiB + 1, 2 * MiB - 1, 2 * MiB, 2 * MiB + 1, 5 * MiB]
for (const size of options.small ? boundaries : [...boundaries, ...large]) file(`sizes/${size}.bin`, size)
for (let i = 0; i < 20; i++) {
  const depth = number(`depth/${i}`) % 6
  const folders = Array.from({ length: depth }, (_, level) => `d${number(`folder/${i}/${level}`) % 3}`)
  file(['nested', ...folders, `f${i}`].join('/'), number(`size/${i}`) % (options.small ? 5000 : 200000))
}

directory('empty')
directory('empties/a/b/c')
directory('empties/.hidden-empty')
file('.hidden', 10)
file('.config/settings', 100)

const names = [
  'with space', ' leading', 'trailing ', 'tab\there', 'new\nline', 'quote"double', "quote'single", 'back\\slash', 'star*?[x]', 'percent%20',
  '#hash', 'a;b&c|d', '$HOME', '-dash', '--', '~', '...', '..two', '\u00e9', 'e\u0301', 'ü.txt', '日本語.txt', 'ﬁ', 'ｅｆ～', '😀', '～', 'العربية',
  'zero\u200bwidth', 'a', 'a.b', 'a b', 'A', '\u0001control', '<tag>', 'x'.repeat(255), '長'.repeat(85)
]
names.forEach((name, i) => file(`names/${name}`, 1 + (i * 37) % 300, `name-${i}`))
file('names/dir with ünïcode/日本/file', 55)
file(`${'l'.repeat(255)}/${'m'.repeat(200)}/deep`, 5)

for (let i = 0; i < 4; i++) file(`same/copy-${i}`, options.small ? 3000 : 300000, 'same')
if (!options.small) {
  const block = bytes(`${seed}/repeated`, MiB)
  fs.writeFileSync(path.join(root, 'same/repeated-chunks'), Buffer.concat([block, block, block, block.subarray(0, 77)]))
  fs.writeFileSync(path.join(root, 'same/zeros'), Buffer.alloc(3 * MiB + 5))
}
for (let i = 0; i < Number(options.wide ?? 0); i++) file(`wide/entry-${String(i).padStart(6, '0')}.dat`, number(`wide/${i}`) % 40)

if (!options['no-symlinks']) {
  link('links/relative', '../sizes/1.bin')
  link('links/absolute', '/etc/hostname')
  link('links/dangling', 'nothing-here/at all')
  link('links/to-dir', '../nested')
  link('links/loop', 'loop')
  link('links/ünïcode', '../names/😀')
  link('links/long', 'z'.repeat(1000))
  link('to-names', 'names')
}
