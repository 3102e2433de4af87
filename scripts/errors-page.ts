/** The error codes as a page of the documentation. */
import { explain } from '../src/routes/errors/explain.ts'
import { groups } from '../src/settings/table/table.ts'
import { errorGroups } from '../src/wire/errors/reference/reference.ts'

const INTRODUCTION = `# Error codes

<!-- Written by scripts/errors.mjs from src/wire/errors/reference: change it there. -->

Each error that sluice makes has a code that does not change, in \`error.code\` (in Anthropic’s API \`error.details.error_code\`), and a message that says what was expected, what came and what to do. \`error.doc_url\` is the address of what is said here about its code: \`GET /docs/errors/CODE\` of the server itself, or of this page where [\`--docs-url\`](settings.md#network) names a documentation site. A server that refuses the host name of a request names no address of its own there. Events that end a stream have it too, and so has the error of a failed response. Errors in Ollama’s API are a text alone.

Another code is one of the model server’s own, which is passed on as it came, without \`doc_url\`; so is an error without a code.

A failure before the first chunk has a true HTTP status. A later one is the last event of the stream, with the same code: [streams.md](streams.md#what-is-repaired-and-what-fails) says what fails, and what is repaired instead.`

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const parts = Object.entries(errorGroups).map(([title, group]) => {
    const codes = Object.entries(group).map(([code, reference]) => {
      // A site may make another anchor of the heading: the code itself is always one.
      return `### \`${code}\`\n\n<a id="${code}"></a>\n\n${explain(reference, { setting, guide })}`
    })
    return `## ${title}\n\n${codes.join('\n\n')}`
  })
  return `${[INTRODUCTION, ...parts].join('\n\n')}\n`
}

function setting(name: string, shown: string): string {
  const [title = ''] = Object.entries(groups).find(([, group]) => name in group) ?? []
  return `[\`${shown}\`](settings.md#${anchor(title)})`
}

function guide(page: string): string {
  return `[${page.replace(/#.*/, '')}](${page})`
}

function anchor(title: string): string {
  return title.toLowerCase().replaceAll(' ', '-')
}
