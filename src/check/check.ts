/** Sends a server a few small requests and checks the answers. */
import type { Recording } from '../recording/recording.ts'
import { checkStream, whyNotCheckable } from './check-stream.ts'
import {
  checkAnswer,
  checkCancel,
  checkCors,
  checkError,
  checkUnknownModel,
  whyRefused,
} from './checks/answers.ts'
import { checkCalls, checkStructured, collectAnswer } from './checks/tools.ts'
import type { CheckedApi } from './dialects/dialect.ts'
import { dialects } from './dialects/dialects.ts'
import { Findings } from './findings.ts'
import type { QuestionResult } from './question-result.ts'
import { type QuestionName, type QuestionOptions, questionsIn, UNKNOWN_MODEL } from './questions.ts'
import { parseBody } from './recorded-body.ts'
import { type Report, reportOf } from './report.ts'
import type { DialectName } from './rules/rule.ts'

export interface CheckOptions extends Omit<QuestionOptions, 'url'> {
  /** The server as the report names it. */
  url: string
  /** The URL of each API to check, in the order of the checks. */
  endpoints: Partial<Record<DialectName, string>>
  /** Called with the title of each question before it is sent. */
  onQuestion?: (title: string) => void
}

/** Rejects only with the signal's reason, if it aborts. */
export async function check(options: CheckOptions): Promise<Report> {
  const results: QuestionResult[] = []
  const untested: Report['untested'] = {}
  for (const [name, url] of Object.entries(options.endpoints)) {
    const checking = new ApiCheck(dialects[name as DialectName], { ...options, url })
    const why = await checking.run()
    results.push(...checking.results)
    if (why !== undefined) untested[name as DialectName] = why
  }
  return reportOf(options, results, untested)
}

const ERROR_QUESTIONS = [
  ['json', 'error-json', [400]],
  ['field', 'error-field', [400, 422]],
] as const

/** The check of one API. */
class ApiCheck {
  readonly results: QuestionResult[] = []
  readonly #dialect: CheckedApi
  readonly #questions: ReturnType<typeof questionsIn>
  readonly #options: QuestionOptions & Pick<CheckOptions, 'onQuestion'>

  constructor(dialect: CheckedApi, options: QuestionOptions & Pick<CheckOptions, 'onQuestion'>) {
    this.#dialect = dialect
    this.#options = options
    this.#questions = questionsIn(dialect, options)
  }

  /** Resolves with the reason why nothing could be checked, if so. */
  async run(): Promise<string | undefined> {
    const { asksUsage, hasTools } = this.#dialect
    const stream = await this.#ask('stream')
    // Any other status than 200 is not a stream either.
    const why = whyRefused(stream.recording, 201)
    if (why !== undefined) return why
    stream.findings.push(...checkStream(stream.recording))
    const reason = whyNotCheckable(stream.recording, stream.findings)
    if (reason !== undefined) stream.notChecked = reason
    if (asksUsage) {
      const plain = await this.#ask('plain')
      plain.findings.push(...checkStream(plain.recording))
    }
    this.#check(await this.#ask('whole'), (answer, findings) =>
      checkAnswer(answer, this.#dialect, findings),
    )
    if (hasTools) await this.#checkTools()
    await this.#checkErrors()
    await this.#checkCancelling(stream.recording)
    return undefined
  }

  async #checkTools(): Promise<void> {
    for (const [name, run] of [
      ['tools', checkCalls],
      ['structured', checkStructured],
    ] as const) {
      const result = await this.#ask(name)
      const why = whyRefused(result.recording)
      if (why !== undefined) {
        result.notOffered = why
        continue
      }
      result.findings.push(...checkStream(result.recording))
      const reason = whyNotCheckable(result.recording, result.findings)
      if (reason !== undefined) {
        result.notChecked = reason
        continue
      }
      this.#check(result, (answer, findings) => {
        const nothing = run(collectAnswer(answer, this.#dialect), this.#dialect, findings)
        if (nothing !== undefined) result.notOffered = nothing
      })
    }
  }

  async #checkErrors(): Promise<void> {
    this.#check(await this.#ask('model'), (answer, findings) =>
      checkUnknownModel(answer, this.#dialect, findings, UNKNOWN_MODEL),
    )
    for (const [name, rule, statuses] of ERROR_QUESTIONS) {
      this.#check(await this.#ask(name), (answer, findings) =>
        checkError(answer, this.#dialect, findings, rule, statuses),
      )
    }
    const { recording: preflight } = await this.#ask('preflight')
    this.#check(await this.#ask('foreign'), (answer, findings) =>
      checkCors(preflight, answer, findings),
    )
  }

  async #checkCancelling(usual: Recording): Promise<void> {
    await this.#ask('left')
    this.#check(await this.#ask('next'), (answer, findings) => checkCancel(usual, answer, findings))
  }

  async #ask(name: QuestionName): Promise<QuestionResult> {
    const { signal, onQuestion } = this.#options
    signal.throwIfAborted()
    const { title, ask } = this.#questions[name]
    onQuestion?.(title)
    const recording = await ask()
    signal.throwIfAborted()
    const result: QuestionResult = {
      dialect: this.#dialect.name,
      name,
      title,
      recording,
      findings: [],
    }
    this.results.push(result)
    return result
  }

  #check(result: QuestionResult, run: (answer: Recording, findings: Findings) => void): void {
    const findings = new Findings(this.#dialect.name, parseBody(result.recording))
    run(result.recording, findings)
    result.findings.push(...findings.all)
  }
}
