// How the site's pages are grouped. A page that matches no pattern fails the build.

export interface Group {
  text: string
  /** Paths of files of the repository; `*` stands for a name, and for all pages of that folder. */
  pages: string[]
  /** For readers who want everything: llms.txt lists it last, and llms-full.txt leaves it out. */
  isOptional?: boolean
}

/** In the order of the sidebar. A page belongs to the first pattern that matches it. */
export const groups: Group[] = [
  {
    text: 'Start',
    pages: ['docs/start/*', 'docs/install.md', 'README.md', 'docs/page.md', 'docs/commands.md'],
  },
  {
    text: 'Run',
    pages: [
      'docs/runtimes/*',
      'docs/managed.md',
      'docs/keys.md',
      'docs/https.md',
      'docs/scaling.md',
      'docs/state.md',
      'docs/cloudflare.md',
      'deploy/README.md',
      'SECURITY.md',
    ],
  },
  {
    text: 'Observe',
    pages: [
      'docs/activity.md',
      'docs/top.md',
      'docs/captures.md',
      'docs/recordings.md',
      'docs/observability.md',
      'docs/metrics.md',
      'docs/tracing.md',
    ],
  },
  { text: 'Engines', pages: ['docs/engines/*', 'docs/tabs.md', 'docs/upstreams.md'] },
  {
    text: 'Clients',
    pages: ['docs/clients.md', 'docs/clients/*', 'docs/resume-clients.md'],
  },
  {
    text: 'APIs',
    pages: [
      'docs/streams.md',
      'docs/apis.md',
      'docs/ollama.md',
      'docs/pass-through.md',
      'docs/tools.md',
    ],
  },
  {
    text: 'In your code',
    pages: ['docs/embedding.md', 'examples/README.md', 'examples/*/README.md'],
  },
  {
    text: 'Reference',
    pages: [
      'docs/settings.md',
      'docs/errors.md',
      'docs/routes.md',
      'docs/rules.md',
      'docs/reference/*',
    ],
  },
  {
    text: 'Compare',
    pages: ['docs/compare/*', 'bench/RESULTS.md'],
  },
  { text: 'Help', pages: ['docs/troubleshooting.md', 'docs/lesson.md'] },
  {
    text: 'How it works',
    pages: [
      'docs/architecture.md',
      'docs/decisions/*',
      'docs/guides/*',
      'bench/upstream-reports/README.md',
      'bench/upstream-reports/*/README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
    ],
    isOptional: true,
  },
]
