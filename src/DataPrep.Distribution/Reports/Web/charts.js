'use strict'
/* global uPlot, getComputedStyle, matchMedia, ResizeObserver, requestAnimationFrame */

/** Charts of the report, drawn by uPlot in the colours of the page, and drawn again when these or the width change. */
const Charts = (() => {
  const drawn = []
  const font = '12px system-ui, sans-serif'
  const secondSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000]
  const byteSteps = Array.from({ length: 60 }, (_, i) => 2 ** i)
  const countSteps = Array.from({ length: 16 }, (_, i) => [1, 2, 5].map(step => step * 10 ** i)).flat()

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

  const axis = more => ({ font, stroke: colour('muted'), grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false }, ...more })

  /** Room for the widest label. */
  const labelWidth = (u, labels) => {
    if (!labels) return 40
    u.ctx.save()
    u.ctx.font = font
    const width = Math.max(0, ...labels.filter(label => label).map(label => u.ctx.measureText(label).width))
    u.ctx.restore()
    return Math.ceil(width) + 12
  }

  const valueAxis = (text, incrs) => axis({ size: labelWidth, incrs, values: (u, values) => values.map(value => text(value)) })

  function draw (chart) {
    const width = Math.floor(chart.host.clientWidth)
    if (width <= 0) return
    chart.plot?.destroy()
    chart.plot = new uPlot({ ...chart.options(), width, height: chart.height }, chart.data, chart.host)
    chart.width = width
  }

  function add (host, height, data, options) {
    const chart = { host, height, data, options }
    drawn.push(chart)
    new ResizeObserver(() => requestAnimationFrame(() => {
      if (Math.floor(host.clientWidth) !== chart.width) draw(chart)
    })).observe(host)
  }

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawn.forEach(draw))

  const cursor = { drag: { x: false, y: false, setScale: false }, points: { size: 7 }, y: false }
  const legend = { live: true, markers: { width: 0, fill: (u, i) => u.series[i].legendColour } }
  const stepped = () => uPlot.paths.stepped({ align: -1 })

  /** Dashed lines where a run begins. */
  const marks = places => u => {
    const { ctx, bbox } = u
    ctx.save()
    ctx.strokeStyle = colour('muted')
    ctx.setLineDash([4, 4])
    for (const place of places) {
      const x = Math.round(u.valToPos(place, 'x', true)) + 0.5
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
    }
    ctx.restore()
  }

  const series = (label, name, value, more) => ({ label, value, stroke: colour(name), fill: colour(name), legendColour: colour(name), width: 1, points: { show: false }, ...more })

  /** A rate over seconds. */
  function rate (host, { seconds, rates, begins, duration, tick, text }) {
    add(host, 240, [seconds, rates], () => ({
      cursor,
      legend,
      scales: { x: { time: false }, y: { range: (u, min, max) => [0, max > 0 ? max * 1.08 : 1] } },
      axes: [axis({ incrs: secondSteps, space: 60, size: 26, values: (u, values) => values.map(value => tick(value)) }), valueAxis(text, byteSteps)],
      series: [
        { label: 'at', value: (u, value) => value == null ? '–' : duration(value) },
        series('rate', 'c1', (u, value) => value == null ? '–' : text(value), { fill: colour('c1-soft'), width: 1.5, paths: stepped() })
      ],
      hooks: { draw: [marks(begins)] }
    }))
  }

  /** Shares that add up to one, over seconds; parts: [{ label, colour, shares }], the lowest first. */
  function stack (host, { seconds, parts, begins, duration, tick, percent }) {
    const sums = parts.map((_, i) => seconds.map((_, at) => parts[i].shares[at] == null ? null : parts.slice(0, i + 1).reduce((sum, part) => sum + part.shares[at], 0)))
    const order = parts.map((_, i) => parts.length - 1 - i)
    add(host, 240, [seconds, ...order.map(i => sums[i])], () => ({
      cursor,
      legend,
      scales: { x: { time: false }, y: { range: [0, 1] } },
      axes: [axis({ incrs: secondSteps, space: 60, size: 26, values: (u, values) => values.map(value => tick(value)) }), valueAxis(value => percent(value, 0), [0.25, 0.5])],
      series: [
        { label: 'at', value: (u, value) => value == null ? '–' : duration(value) },
        ...order.map(i => series(parts[i].label, parts[i].colour, (u, _, s, at) => at == null || parts[i].shares[at] == null ? '–' : percent(parts[i].shares[at]), { width: 0, paths: stepped() }))
      ],
      hooks: { draw: [marks(begins)] }
    }))
  }

  /** Bars beside each other for each of some names; bars: [{ label, colour, values }], where null is no bar. */
  function bars (host, { names, title, bars, text, tick, highest, isCount, isSideBySide }) {
    const at = names.map((_, i) => i)
    add(host, 220, [at, ...bars.map(bar => bar.values)], () => ({
      cursor: { ...cursor, points: { show: false } },
      legend,
      scales: { x: { time: false, range: [-0.6, names.length - 0.4] }, y: { range: (u, min, max) => [0, highest ?? (max > 0 ? max * 1.08 : 1)] } },
      axes: [
        axis({
          size: 26,
          grid: { show: false },
          splits: u => {
            const width = Math.max(...names.map(name => name.length)) * 6.5 + 10
            const step = Math.max(1, Math.ceil(names.length / Math.max(1, Math.floor(u.width * 0.85 / width))))
            return at.filter(i => i % step === 0)
          },
          values: (u, places) => places.map(i => names[i])
        }),
        valueAxis(tick, isCount ? countSteps : undefined)
      ],
      series: [
        { label: title, value: (u, i) => names[i] ?? '–' },
        ...bars.map((bar, i) => series(bar.label, bar.colour, (u, value) => value == null ? '–' : text(value), {
          width: 0,
          paths: uPlot.paths.bars(isSideBySide ? { size: [0.38, 40], align: i === 0 ? -1 : 1 } : { size: [names.length > 60 ? 0.9 : 0.7, 48] })
        }))
      ]
    }))
  }

  return { rate, stack, bars }
})()
