/** Records of checks, in files. */
import { readFile, writeFile } from 'node:fs/promises'
import { parseVerification } from '../check/verification/compare.ts'
import { htmlOf } from '../check/verification/html.ts'
import { markdownOf } from '../check/verification/markdown.ts'
import type { Verification } from '../check/verification/verification.ts'
import { SettingsError } from '../settings/settings.ts'

const FORMS: Readonly<Record<string, (record: Verification) => string>> = {
  md: markdownOf,
  json: (record) => `${JSON.stringify(record, null, 2)}\n`,
  html: htmlOf,
}

/** Throws a `SettingsError` for a file of an unknown format, before any request is sent. */
export function requireForms(files: readonly string[]): void {
  for (const file of files) {
    if (FORMS[formOf(file)] !== undefined) continue
    throw new SettingsError(
      `--report: expected a file that ends in ${Object.keys(FORMS)
        .map((form) => `.${form}`)
        .join(', ')}, got ${JSON.stringify(file)}.`,
    )
  }
}

/** Rejects with a `SettingsError` if it cannot be written. */
export async function writeRecord(file: string, record: Verification): Promise<void> {
  const text = FORMS[formOf(file)]?.(record) ?? ''
  await writeFile(file, text).catch((cause: Error) => {
    throw new SettingsError(
      `--report: cannot write ${file}: ${cause.message}; name a file in a folder that exists.`,
      { cause },
    )
  })
}

/** Rejects with a `SettingsError`. */
export async function readRecord(file: string): Promise<Verification> {
  try {
    return parseVerification(await readFile(file, 'utf8'))
  } catch (cause) {
    const { message } = cause as Error
    throw new SettingsError(
      `--against: cannot read ${file}: ${message}; name a file that --report FILE.json wrote.`,
      { cause },
    )
  }
}

function formOf(file: string): string {
  return file.slice(file.lastIndexOf('.') + 1)
}
