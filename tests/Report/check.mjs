// check.mjs DATAPREP [FOLDER]
//
// Makes reports of sample datasets with the given executable, opens them in Chromium, and looks: that nothing is fetched and no rule is broken, that charts
// are drawn and tables filled, in light and dark, wide and narrow, and that names are text. Leaves pages and pictures in FOLDER, where one is named.
// With REPORT_CHARTS=false in the environment, for a build that was made without charts, that there are none.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { check, equal, finish, note } from '../Convergence/lib/report.mjs'
import { hostile, makeOut } from './sample.mjs'

const [dataprep, given] = process.argv.slice(2)
if (!dataprep) {
  console.error('usage: check.mjs DATAPREP [FOLDER]')
  process.exit(2)
}
const work = given ?? fs.mkdtempSync(path.join(os.tmpdir(), 'dataprep-report-'))
const samples = {
  full: {}, many: { pieces: 3000, skipped: 0 }, damaged: { pieces: 3, plan: false, isDamaged: true, skipped: 3 }, bare: { pieces: 1, plan: false, hasLog: false, skipped: 0 }
}
const charts = { full: 5, many: 5, damaged: 4, bare: 1 }

/** What of canvases is drawn: for each the number of colours, at most 50. */
const drawn = () => [...document.querySelectorAll('canvas')].map(canvas => {
  const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)
  const colours = new Set()
  for (let i = 0; i < pixels.length && colours.size < 50; i++) colours.add(pixels[i])
  return colours.size
})

/** Text behind which the page's own background cannot be told apart, by the contrast of WCAG. */
const faint = () => {
  const parts = colour => colour.match(/[\d.]+/g).map(Number)
  const light = colour => {
    const [r, g, b] = parts(colour).slice(0, 3).map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor
      if ((parts(colour)[3] ?? 1) === 1) return colour
    }
    return 'rgb(255, 255, 255)'
  }
  return [...document.querySelectorAll('p, th, td, h1, h2, h3, dt, strong, span, small, code, summary')].filter(element => {
    if (!element.textContent.trim()) return false
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x)
    return (a + 0.05) / (b + 0.05) < 4.5
  }).map(element => element.textContent).slice(0, 3)
}

async function look (browser, name, url, hasCharts) {
  for (const [scheme, width] of [['light', 1200], ['dark', 1200], ['light', 400], ['dark', 400]]) {
    const view = `${name}, ${scheme}, ${width} px`
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 800 }, offline: true })
    const page = await context.newPage()
    const said = []
    const asked = []
    page.on('console', message => said.push(message.text()))
    page.on('pageerror', error => said.push(error.message))
    page.on('dialog', dialog => { said.push('a dialog'); dialog.dismiss() })
    page.on('request', request => { if (request.url() !== url) asked.push(request.url()) })
    await page.addInitScript(() => {
      globalThis.violations = []
      document.addEventListener('securitypolicyviolation', event => globalThis.violations.push(event.violatedDirective))
    })
    await page.goto(url)
    await page.waitForTimeout(150)
    equal(`${view}: nothing on the console`, said.join('; '), '')
    equal(`${view}: no violation of its policy`, await page.evaluate(() => globalThis.violations.join()), '')
    equal(`${view}: no request`, asked.join(), '')
    const sizes = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    check(`${view}: no wider than the window`, sizes[0] <= sizes[1], sizes.join(' > '))
    const colours = await page.evaluate(drawn)
    equal(`${view}: charts`, colours.length, hasCharts ? charts[name] : 0)
    check(`${view}: every chart is drawn`, colours.every(number => number > 5), colours.join())
    equal(`${view}: text stands out`, (await page.evaluate(faint)).join(' | '), '')
    if (given) await page.screenshot({ path: path.join(given, `${name}-${scheme}-${width}.png`), fullPage: true })
    if (name === 'full' && scheme === 'light' && width === 1200) await looksClosely(page, hasCharts)
    await context.close()
  }
}

/** What is looked at once. */
async function looksClosely (page, hasCharts) {
  const text = await page.evaluate(() => document.querySelector('main').textContent)
  const shown = name => name.replace(/[\u0000-\u001f\u202a-\u202e\u2028]/g, c => `\\u{${c.codePointAt(0).toString(16)}}`)
  for (const name of hostile) check(`the name ${JSON.stringify(name)} is text`, text.includes(`odd/${shown(name)}`) && text.includes(`left/${shown(name)}`))
  check('a name that is not UTF-8 shows its bytes', text.includes('odd/bad\\xff'))
  equal('no element comes from a name', await page.evaluate(() => document.querySelectorAll('main script, main img, main iframe').length), 0)
  for (const figure of ['Throughput over time', 'Where the time went', 'Piece fill and padding', 'Files', 'Slowest files', 'Skipped files', 'Distribution']) {
    check(`there is a section on ${figure}`, await page.getByRole('heading', { name: figure, exact: true }).count() === 1)
  }
  equal('all tables have a caption', await page.evaluate(() => [...document.querySelectorAll('table')].filter(table => !table.classList.contains('u-legend') && !table.caption?.textContent).length), 0)
  if (!hasCharts) return
  const before = await page.evaluate(() => document.querySelector('canvas').toDataURL())
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.waitForTimeout(150)
  check('charts follow the colours of the system', before !== await page.evaluate(() => document.querySelector('canvas').toDataURL()))
  await page.setViewportSize({ width: 500, height: 800 })
  await page.waitForTimeout(300)
  check('charts follow the width', await page.evaluate(() => [...document.querySelectorAll('canvas')].every(canvas => canvas.getBoundingClientRect().right <= innerWidth)))
  await page.mouse.move(250, await page.evaluate(() => { document.querySelector('.chart').scrollIntoView(); return 100 }))
  await page.waitForTimeout(100)
  check('pointing at a chart shows its figures', /iB\/s/.test(await page.evaluate(() => document.querySelector('.u-legend').textContent)))
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
})
try {
  for (const [name, options] of Object.entries(samples)) {
    const out = path.join(work, `out-${name}`)
    const page = path.join(work, `${name}.html`)
    fs.rmSync(out, { recursive: true, force: true })
    fs.rmSync(page, { force: true })
    makeOut(out, options)
    const printed = execFileSync(dataprep, ['report', out, '-o', page, '--json'], { encoding: 'utf8' })
    const { charts: hasCharts } = JSON.parse(printed.trim().split('\n').at(-1))
    equal(`${name}: the build has charts`, hasCharts, process.env.REPORT_CHARTS !== 'false')
    await look(browser, name, pathToFileURL(page).href, hasCharts)
    note(`${name}: ${fs.statSync(page).size} bytes`)
  }
} finally {
  await browser.close()
  if (!given) fs.rmSync(work, { recursive: true, force: true })
}
finish()
