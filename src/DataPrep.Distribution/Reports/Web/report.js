'use strict'
/* global Charts */

const data = JSON.parse(document.getElementById('data').textContent)
const page = document.getElementById('report')
const charts = typeof Charts === 'undefined' ? null : Charts
const stages = [['read', 'reading', 'c1'], ['leafHash', 'leaf hashes', 'c2'], ['commP', 'CommP', 'c3'], ['write', 'writing', 'c4'], ['wait', 'waiting', 'c5']]

// Figures as text

const plain = (value, digits) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
const count = value => plain(value, 0)
const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`

function bytes (value) {
  let unit = 0
  for (; Math.abs(value) >= 1024 && unit < 6; unit++) value /= 1024
  return `${plain(value, unit === 0 || Number.isInteger(value) ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'][unit]}`
}

const rate = value => `${bytes(value)}/s`

function percent (share, digits = 1) {
  return share > 0 && share < 0.001 && digits > 0 ? '< 0.1 %' : `${plain(share * 100, digits)} %`
}

/** 3.2 s, 4:05 min, 2:03:04 h, 3 d 04 h */
function duration (seconds) {
  if (seconds < 60) return `${plain(seconds, seconds >= 10 || Number.isInteger(seconds) ? 0 : seconds < 1 ? 2 : 1)} s`
  const whole = Math.round(seconds)
  const two = value => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`
  if (whole < 86400) return `${Math.floor(whole / 3600)}:${two(Math.floor(whole % 3600 / 60))}:${two(whole % 60)} h`
  return `${Math.floor(whole / 86400)} d ${two(Math.floor(whole % 86400 / 3600))} h`
}

/** A round time at an axis. */
function tick (seconds) {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return seconds % 60 === 0 ? `${seconds / 60} min` : duration(seconds)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds % 3600 / 60)]
  return seconds < 172800 ? `${hours}${minutes > 0 ? `:${String(minutes).padStart(2, '0')}` : ''} h` : `${plain(seconds / 86400, seconds % 86400 === 0 ? 0 : 1)} d`
}

// Elements. Text goes in as text and as nothing else.

function el (tag, properties, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties ?? {})) made.setAttribute(name, value)
  made.append(...children.flat(Infinity).filter(child => child != null && child !== ''))
  return made
}

const name = text => el('bdi', { class: 'name' }, text)
const code = text => el('code', null, text)
const note = text => el('p', { class: 'note' }, text)

/** A share as a bar in a table, beside its figure. */
function bar (share, colour = 'c1') {
  const filled = el('span', { class: `fill ${colour}` })
  filled.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`
  return el('span', { class: 'bar', 'aria-hidden': 'true' }, filled)
}

/** columns: [title, row => text or element, isNumber]; a title of none is a bar beside the figure before. */
function table (caption, columns, rows) {
  const kind = column => column[2] ? { class: 'number' } : column[0] === '' ? { class: 'bars' } : {}
  const cell = (column, row, i) => el(i === 0 ? 'th' : 'td', { ...kind(column), ...(i === 0 ? { scope: 'row' } : {}) }, column[1](row))
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    el('table', null,
      el('caption', null, caption),
      el('thead', null, el('tr', null, columns.map(column => column[0] === '' ? el('td', { class: 'bars' }) : el('th', { scope: 'col', ...kind(column) }, column[0])))),
      el('tbody', null, rows.map(row => el('tr', null, columns.map((column, i) => cell(column, row, i)))))))
}

/** What stands beside a chart: shut where there is one, open where the build has none. */
const beside = (title, hasChart, ...content) => hasChart ? el('details', null, el('summary', null, title), content) : el('div', null, content)

function figure (label, draw) {
  if (!charts) return null
  const host = el('div', { class: 'chart', role: 'img', 'aria-label': label })
  afterwards.push(() => draw(host))
  return el('figure', null, host)
}

const afterwards = []
const section = (title, ...content) => el('section', null, el('h2', null, title), content)

// Sections

function heading () {
  const { dataset, pieces } = data
  const facts = [
    ['Content', bytes(dataset.bytes), `${counted(dataset.files, 'file')}, ${counted(dataset.directories, 'folder')}${dataset.links > 0 ? `, ${counted(dataset.links, 'symlink')}` : ''}`],
    ['Pieces', count(pieces.count), `${bytes(pieces.padded)} padded${pieces.dag > 0 ? `, ${count(pieces.dag)} of folders` : ''}`]
  ]
  if (pieces.count > 0) facts.push(['Fill', percent(pieces.payload / pieces.unpadded), `${bytes(pieces.unpadded - pieces.payload)} are padding`])
  const time = runs.reduce((sum, run) => sum + run.length, 0)
  const made = runs.reduce((sum, run) => sum + run.bytes, 0)
  if (time > 0) facts.push(['Packing', duration(time), `${counted(data.log.runs.length, 'run')}${made > 0 ? `, ${rate(made / time)}` : ''}`])
  facts.push(['Skipped', count(data.skipped.count), data.skipped.count === 0 ? 'nothing was left out' : data.skipped.reasons.map(each => each.reason).slice(0, 3).join(', ')])
  if (data.plan?.replicas.length) {
    const numbers = data.plan.replicas.map(each => each.replicas)
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
    facts.push(['Replicas', least === most ? `${least}` : `${least}–${most}`, `with ${counted(data.plan.providers.length, 'provider')}`])
  }
  return el('header', null,
    el('p', { class: 'kicker' }, 'DataPrep report'),
    el('h1', null, name(dataset.name)),
    el('p', { class: 'root' }, 'Root ', code(dataset.rootCid)),
    dataset.previous ? note(`A version of a dataset: content of ${dataset.previous} is kept, and its pieces are not in this report.`) : null,
    el('dl', { class: 'facts' }, facts.map(([title, value, more]) => el('div', null, el('dt', null, title), el('dd', null, el('strong', null, value), el('span', null, more))))),
    charts ? null : note('Charts were left out of this build; all figures stand in the tables.'))
}

/** The runs of the log, with what follows from their samples; begin: seconds of the runs before. */
const runs = (() => {
  let begin = 0
  return data.log.runs.map(run => {
    const length = run.seconds.at(-1) ?? 0
    const made = { ...run, begin, length, bytes: run.made.at(-1) ?? 0 }
    begin += length
    return made
  })
})()

/** What a column that only grows had come to at a time within a run. */
function valueAt (run, column, time) {
  const after = run.seconds.findIndex(second => second >= time)
  if (after < 0) return column.at(-1) ?? 0
  const [t0, v0] = after > 0 ? [run.seconds[after - 1], column[after - 1]] : [0, 0]
  const [t1, v1] = [run.seconds[after], column[after]]
  return t1 > t0 ? v0 + (v1 - v0) * (time - t0) / (t1 - t0) : v1
}

/** A run, or a part of it, as a row: time, bytes, and the share of each stage. */
function span (run, from, to) {
  const spent = stages.map(([stage]) => Math.max(0, valueAt(run, run.stages[stage], to) - valueAt(run, run.stages[stage], from)))
  const all = spent.reduce((sum, seconds) => sum + seconds, 0)
  const made = valueAt(run, run.made, to) - valueAt(run, run.made, from)
  return { from: run.begin + from, to: run.begin + to, made, rate: to > from ? made / (to - from) : null, shares: spent.map(seconds => all > 0 ? seconds / all : null) }
}

function timeSections () {
  const { log } = data
  const missing = [
    log.isThere ? null : 'There is no log of runs: its folder .dataprep was removed, or the dataset was packed by a version that kept none. So nothing can be said about time.',
    log.isThere && runs.length === 0 ? 'The log of runs says nothing that can be read.' : null,
    log.damaged > 0 ? `${counted(log.damaged, 'line')} of the log of runs could not be read, and ${log.damaged === 1 ? 'is' : 'are'} left out.` : null,
    log.earlierRuns > 0 ? `${counted(log.earlierRuns, 'earlier run')} ${log.earlierRuns === 1 ? 'is' : 'are'} left out: these are the last ${log.runs.length}.` : null,
    runs.some(run => run.started == null) ? 'The first line of a run is missing from the log.' : null
  ].filter(text => text).map(note)
  if (runs.length === 0) return [section('Throughput over time', missing)]

  const total = runs.reduce((sum, run) => sum + run.length, 0)
  const points = runs.flatMap(run => run.seconds.map((second, i) => span(run, i > 0 ? run.seconds[i - 1] : 0, second)).filter(point => point.to > point.from))
  const seconds = [0, ...points.map(point => point.to)]
  const doubled = values => [values[0], ...values]
  const begins = runs.slice(1).map(run => run.begin)
  const hasCharts = charts && points.length > 1
  const rows = runs.filter(run => run.length > 0).flatMap(run => {
    const parts = Math.max(1, Math.min(run.seconds.length, Math.round(12 * run.length / total)))
    return Array.from({ length: parts }, (_, i) => span(run, run.length * i / parts, run.length * (i + 1) / parts))
  })
  const outcome = run => run.outcome === 'done' ? 'done' : run.outcome === 'broken-off' ? 'broken off' : 'no end: killed, or at work'
  const interval = row => el('span', { class: 'still' }, `${duration(row.from)} – ${duration(row.to)}`)
  const spans = runs.length > 1 ? ` The time between runs is left out${hasCharts ? ', and a dashed line stands where one begins' : ''}.` : ''
  return [
    section('Throughput over time',
      note(`Bytes of CAR files made in a second.${spans}`), missing,
      hasCharts ? figure('Throughput over time; the table below has its figures', host => charts.rate(host, { seconds, rates: doubled(points.map(point => point.rate)), begins, duration, tick, text: rate })) : null,
      table('Runs', [
        ['Began (UTC)', run => run.started ?? 'unknown'],
        ['Outcome', outcome],
        ['Time', run => duration(run.length), true],
        ['Made', run => bytes(run.bytes), true],
        ['Mean rate', run => run.length > 0 ? rate(run.bytes / run.length) : '–', true],
        ['Threads', run => run.threads == null ? '–' : count(run.threads), true],
        ['SHA-256', run => run.kernel ?? '–']
      ], runs),
      beside('Throughput as a table', hasCharts, table('Throughput by interval', [
        ['Time', interval], ['Made', row => bytes(row.made), true], ['Rate', row => row.rate == null ? '–' : rate(row.rate), true]
      ], rows))),
    section('Where the time went',
      note('Shares of all workers’ time. Waiting is for another worker, a turn, or the disk.'),
      hasCharts
        ? figure('Shares of stages over time; the table below has its figures', host => charts.stack(host, {
          seconds, begins, duration, tick, percent, parts: stages.map(([, label, colour], i) => ({ label, colour, shares: doubled(points.map(point => point.shares[i])) }))
        }))
        : null,
      beside('Shares as a table', hasCharts, table('Shares of stages by interval', [
        ['Time', interval], ...stages.map(([, label], i) => [label, row => row.shares[i] == null ? '–' : percent(row.shares[i]), true])
      ], rows)))
  ]
}

function pieceSection () {
  const { pieces, dataset } = data
  if (pieces.count === 0) return section('Piece fill and padding', note('The dataset has no pieces of its own.'))
  const fill = piece => piece.payload / piece.unpadded
  const few = pieces.areAllListed
  const steps = pieces.byFill.map((_, i) => `${i * 5}–${i * 5 + 5} %`)
  const columns = [
    ['Piece', piece => count(piece.number), true],
    ['Piece CID', piece => code(piece.pieceCid)],
    ['Holds', piece => el('span', { class: 'still' }, piece.isDag ? 'folders' : counted(piece.files, 'file'))],
    ['Piece size', piece => bytes(piece.pieceSize), true],
    ['Payload', piece => bytes(piece.payload), true],
    ['Padding', piece => bytes(piece.unpadded - piece.payload), true],
    ['Fill', piece => percent(fill(piece)), true],
    ['', piece => bar(fill(piece), piece.isDag ? 'c2' : 'c1')]
  ]
  const waste = [
    ['Payload: CARs without zeros at their ends', pieces.payload],
    ['Zeros in CAR files', pieces.car - pieces.payload],
    ['Padding behind CAR files', pieces.unpadded - pieces.car],
    ['Two bits in each 32 bytes, as any piece has', pieces.padded - pieces.unpadded]
  ]
  return section('Piece fill and padding',
    note(few ? 'How much of what each piece can hold is payload.' : `How many of the ${count(pieces.count)} pieces are how full, in steps of 5 %.`),
    pieces.count === 1 ? null : few
      ? figure('Fill of each piece; the table below has its figures', host => charts.bars(host, {
        names: pieces.list.map(piece => String(piece.number)),
        title: 'piece',
        highest: 1,
        text: percent,
        tick: value => percent(value, 0),
        bars: [
          { label: 'fill', colour: 'c1', values: pieces.list.map(piece => piece.isDag ? null : fill(piece)) },
          ...(pieces.dag > 0 ? [{ label: 'fill, of folders', colour: 'c2', values: pieces.list.map(piece => piece.isDag ? fill(piece) : null) }] : [])
        ]
      }))
      : figure('Pieces by fill; the table below has its figures', host => charts.bars(host, { names: steps, title: 'fill', text: count, tick: count, isCount: true, bars: [{ label: 'pieces', colour: 'c1', values: pieces.byFill }] })),
    el('div', { class: 'columns' },
      table('Where the bytes of pieces go', [
        ['Part', row => row[0]], ['Bytes', row => bytes(row[1]), true], ['Share', row => percent(row[1] / pieces.padded), true], ['', row => bar(row[1] / pieces.padded)]
      ], waste),
      table('Piece sizes', [['Size', row => bytes(row.size)], ['Pieces', row => count(row.pieces), true]], pieces.bySize)),
    note(`Pieces of at most ${bytes(dataset.pieceSize)} were allowed.`),
    few ? null : beside('Pieces by fill as a table', charts, table('Pieces by fill', [['Fill', row => row[0]], ['Pieces', row => count(row[1]), true]], steps.map((step, i) => [step, pieces.byFill[i]]).filter(row => row[1] > 0))),
    beside(few ? 'All pieces' : `The ${pieces.list.length} least full pieces`, few && charts && pieces.count > 1, table(few ? 'All pieces' : 'The least full pieces', columns, pieces.list)))
}

function fileSection () {
  const { sizes, types, otherTypes } = data.files
  const all = sizes.reduce((sum, size) => ({ files: sum.files + size.files, bytes: sum.bytes + size.bytes }), { files: 0, bytes: 0 })
  if (all.files === 0) return section('Files', note('The dataset has no files.'))
  const share = (part, whole) => whole > 0 ? part / whole : 0
  const range = size => size.from === 0 ? 'empty' : size.from === 1 ? '< 1 KiB' : `${bytes(size.from)} – ${bytes(size.from * 4)}`
  const shares = [['Files', row => count(row.files), true], ['of files', row => percent(share(row.files, all.files)), true], ['Bytes', row => bytes(row.bytes), true], ['of bytes', row => percent(share(row.bytes, all.bytes)), true]]
  const rest = otherTypes.files > 0 ? [{ name: `${otherTypes.areMore ? 'more than ' : ''}${counted(otherTypes.types, 'other')}`, isRest: true, ...otherTypes }] : []
  return section('Files',
    el('h3', null, 'Sizes'),
    note('How many of the files are of which size, and how much of the content they hold.'),
    figure('Share of files and of bytes by size of file; the table below has its figures', host => charts.bars(host, {
      names: sizes.map(size => size.from === 0 ? 'empty' : size.from === 1 ? '< 1 KiB' : bytes(size.from)),
      title: 'from',
      text: percent,
      tick: value => percent(value, value > 0 && value < 0.01 ? 1 : 0),
      isSideBySide: true,
      bars: [
        { label: 'of files', colour: 'c1', values: sizes.map(size => share(size.files, all.files)) },
        { label: 'of bytes', colour: 'c2', values: sizes.map(size => share(size.bytes, all.bytes)) }
      ]
    })),
    beside('Sizes as a table', charts, table('Files by size', [['Size', range], ...shares], sizes)),
    el('h3', null, 'Types'),
    table('Files by extension of the name', [
      ['Type', type => type.isRest ? type.name : type.name === '' ? 'no extension' : name(`.${type.name}`)], ...shares, ['', type => bar(share(type.bytes, all.bytes), 'c2')]
    ], [...types, ...rest]))
}

function slowSection () {
  const slow = data.slowFiles
  return section('Slowest files',
    slow == null
      ? note('No run that came to its end is in the log, and only such a one says which files were slow.')
      : slow.length === 0
        ? note('The last run that was done read no file.')
        : [
            note('Files that took longest to open and read in the last run that was done. Files that were read in an earlier run are not among them.'),
            table('Slowest files', [
              ['File', file => name(file.name)], ['Time', file => file.seconds < 0.01 ? `${plain(file.seconds * 1000, 2)} ms` : duration(file.seconds), true],
              ['Read', file => bytes(file.bytes), true], ['Rate', file => file.seconds > 0 ? rate(file.bytes / file.seconds) : '–', true]
            ], slow.slice(0, 20)),
            slow.length > 20 ? note(`The log names ${slow.length}; these are the first 20.`) : null
          ])
}

function skippedSection () {
  const { skipped } = data
  if (skipped.count === 0) return section('Skipped files', note('Nothing was left out.'))
  const title = skipped.count > skipped.list.length ? `The first ${skipped.list.length} of ${count(skipped.count)} that were left out` : 'What was left out'
  return section('Skipped files',
    table('Left out, by reason', [
      ['Reason', each => each.reason], ['Inputs', each => count(each.inputs), true], ['', each => bar(each.inputs / skipped.count, 'c3')]
    ], skipped.reasons),
    beside(title, skipped.list.length > 20, table(title, [
      ['Path', each => name(each.name)], ['Reason', each => each.reason], ['Detail', each => el('bdi', null, each.detail)]
    ], skipped.list)))
}

function planSection () {
  const { plan, pieces } = data
  if (plan == null) return null
  const notes = [
    plan.damaged > 0 ? `${counted(plan.damaged, 'line')} of distribution/plan.jsonl could not be read, and ${plan.damaged === 1 ? 'is' : 'are'} left out.` : null,
    plan.pieces !== pieces.count ? `The plan has ${counted(plan.pieces, 'piece')}, the dataset ${count(pieces.count)}.` : null
  ].filter(text => text).map(note)
  if (plan.pieces === 0) return section('Distribution', notes)
  const bytesOf = provider => provider.shares.reduce((sum, share) => sum + share.bytes, 0)
  const all = plan.providers.reduce((sum, provider) => sum + bytesOf(provider), 0)
  const largest = Math.max(1, ...plan.providers.flatMap(provider => provider.shares.map(share => share.bytes)))
  const shaded = share => share.pieces === 0
    ? el('span', { class: 'none' }, '·')
    : el('span', { class: `cell level${Math.ceil(share.bytes / largest * 5)}` }, bytes(share.bytes), el('small', null, counted(share.pieces, 'piece')))
  const total = { name: 'all', shares: plan.regions.map((_, i) => plan.providers.reduce((sum, each) => ({ pieces: sum.pieces + each.shares[i].pieces, bytes: sum.bytes + each.shares[i].bytes }), { pieces: 0, bytes: 0 })) }
  return section('Distribution', notes,
    el('h3', null, 'Replicas of pieces'),
    figure('Pieces by number of replicas; the table below has its figures', host => charts.bars(host, {
      names: plan.replicas.map(each => String(each.replicas)), title: 'replicas', text: count, tick: count, isCount: true, bars: [{ label: 'pieces', colour: 'c4', values: plan.replicas.map(each => each.pieces) }]
    })),
    table('Pieces by number of replicas', [
      ['Replicas', each => count(each.replicas)], ['Pieces', each => count(each.pieces), true], ['of pieces', each => percent(each.pieces / plan.pieces), true], ['', each => bar(each.pieces / plan.pieces, 'c4')]
    ], plan.replicas),
    el('h3', null, 'Providers and regions'),
    note('Bytes of padded pieces that each provider is to store, by region. The stronger the colour, the more.'),
    table('Providers by region', [
      ['Provider', provider => [name(provider.name), provider.organisation ? el('small', null, el('bdi', null, provider.organisation)) : null]],
      ...plan.regions.map((region, i) => [name(region), provider => provider === total ? bytes(total.shares[i].bytes) : shaded(provider.shares[i]), true]),
      ['All', provider => bytes(bytesOf(provider)), true], ['Share', provider => percent(bytesOf(provider) / all), true]
    ], [...plan.providers, total]))
}

document.title = `${data.dataset.name}: DataPrep report`
page.replaceChildren(...[
  heading(), ...timeSections(), pieceSection(), fileSection(), slowSection(), skippedSection(), planSection(),
  el('footer', null, el('p', null, `Packed by ${data.dataset.tool}, profile ${data.dataset.profile}, chunks of ${bytes(data.dataset.chunkSize)}. Report by ${data.tool}. This page is whole in itself and fetches nothing.${charts ? ' Charts by uPlot, under the MIT licence, whose text is in the source of this page.' : ''}`))
].filter(part => part != null))
afterwards.forEach(draw => draw())
