/** The routes as a page of the documentation. */
import type { Access } from '../../src/routes/table-entry.ts'
import { operations } from './operations.ts'

const NEEDS: Record<Access, string> = {
  open: 'nothing',
  key: 'a key',
  admin: 'an admin key',
  offer: 'a key with `offers: true`',
  metrics: 'an admin key, or one with `metrics: true`',
}

export function routesPage(): string {
  const rows = operations.map(({ method, path, access, summary, tag }) => {
    const shown = `${method.toUpperCase()} ${path.replace(/:(\w+)\+?/g, '{$1}')}`
    return `| \`${shown}\` | ${tag} | ${NEEDS[access]} | ${summary} |`
  })
  return `# Routes

<!-- Written by scripts/routes.mjs; a test fails if it is out of date. -->

Every path also answers \`OPTIONS\`, and every \`GET\` also \`HEAD\`. Another method gets 405 with \`Allow\`. A server without keys wants none; there, a program on its own machine is an admin. [SECURITY.md](../SECURITY.md#who-may-see-what) says what an answer shows to whom. [apis.md](apis.md) says how each API behaves; \`/openapi.json\` and \`/openapi.html\` describe every field, event and error.

| route | API | needs | answer |
|---|---|---|---|
${rows.join('\n')}
`
}
