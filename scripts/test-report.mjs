// A reporter of vitest that writes what became of each test to the file named by SLUICE_TEST_REPORT.

import { writeFileSync } from 'node:fs'

/**
 * A test: `name` has its groups too, as `vitest -t` matches it; `file` is a path.
 * @typedef {{ file: string, name: string, state: string, tags: string[] }} Test
 */

/**
 * `elsewhere`: the errors outside of any test, such as those of a hook.
 * @typedef {{ tests: Test[], elsewhere: number }} Report
 */

/** @typedef {import('vitest/node').Reporter} Reporter @implements {Reporter} */
export default class TestReport {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<unknown>} errors
   */
  onTestRunEnd(modules, errors) {
    /** @type {Report} */
    const report = { tests: [], elsewhere: errors.length }
    for (const module of modules) {
      // The worker of a module that is still pending has died.
      const isUnfinished = ['pending', 'queued'].includes(module.state())
      report.elsewhere += module.errors().length + (isUnfinished ? 1 : 0)
      for (const suite of module.children.allSuites()) report.elsewhere += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        report.tests.push({ file: module.moduleId, name: test.fullName, state, tags: test.tags })
      }
    }
    writeFileSync(process.env.SLUICE_TEST_REPORT ?? '', JSON.stringify(report))
  }
}
