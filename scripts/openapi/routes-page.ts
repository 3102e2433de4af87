/** The routes as a page of the documentation. */
import { operations } from './operations.ts'

export function routesPage(): string {
  const rows = operations.map(({ method, path, access, summary, tag }) => {
    const shown = `${method.toUpperCase()} ${path.replace(/:(\w+)\+?/g, '{$1}')}`
    return `| \`${shown}\` | ${tag} | ${access === 'key' ? 'yes' : 'no'} | ${summary} |`
  })
  return `# Routes

<!-- Written by scripts/routes.mjs; a test fails if it is out of date. -->

Every path also answers \`OPTIONS\`, and every \`GET\` also \`HEAD\`. Another method gets 405 with \`Allow\`. A server without keys wants none. [apis.md](apis.md) says how each API behaves; \`/openapi.json\` and \`/openapi.html\` describe every field, event and error.

| route | API | needs a key | answer |
|---|---|---|---|
${rows.join('\n')}
`
}
