// One plain line per check; the closing line and the exit status come from finish().

let passed = 0
let failed = 0

export function check (name, ok, detail = '') {
  if (ok) {
    passed++
    console.log(`pass ${name}`)
  } else {
    failed++
    console.log(`FAIL ${name}${detail ? `: ${detail}` : ''}`)
  }
  return ok
}

export const equal = (name, actual, expected) =>
  check(name, String(actual) === String(expected), `got ${actual}, expected ${expected}`)

/** Runs a check that throws what is wrong; returns its result, or undefined when it failed. */
export async function attempt (name, body) {
  try {
    const result = await body()
    check(name, true)
    return result
  } catch (error) {
    check(name, false, error.message ?? String(error))
  }
}

export function note (text) {
  console.log(`note ${text}`)
}

export function finish () {
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}
