/** How sluice was installed, whether the page was built, and whether other versions are in the way. */
import { fileURLToPath } from 'node:url'
import { VERSION } from '../../../version.ts'
import type { Check, Examination, Observation } from '../finding.ts'
import { findPrograms, outputOf } from '../programs.ts'

export const checkInstall: Check = async (examination, signal) => {
  const { host } = examination
  const [page, others] = await Promise.all([
    pageFound(examination),
    otherVersions(host.env, signal),
  ])
  return [
    { code: 'install', level: 'ok', text: `sluice ${VERSION} ${installedAs(host)}.` },
    page,
    ...others,
  ]
}

/** How it came here, by where its files are. */
export function installedAs({
  location,
  isCheckout,
  build,
}: Pick<Examination['host'], 'location' | 'isCheckout' | 'build'>): string {
  if (build !== undefined) return `is a binary of its own (${build})`
  if (!location.startsWith('file:')) return `comes from ${new URL(location).host}`
  const path = fileURLToPath(location).replaceAll('\\', '/')
  const folder = path.replace(/\/(src|dist)\/[^/]*$/, '')
  if (isCheckout) return `runs from a checkout, ${folder}`
  if (path.includes('/_npx/')) return 'was started by npx'
  if (/\/bunx-[^/]*\//.test(path)) return 'was started by bunx'
  if (/\/lib\/node_modules\/|\/\.bun\/install\/global\//.test(path))
    return `is installed for all projects, in ${folder}`
  if (path.includes('/node_modules/')) return `is installed in a project, in ${folder}`
  return `is in ${folder}`
}

async function pageFound({ host }: Examination): Promise<Observation> {
  if (await host.hasPage()) return { code: 'page', level: 'ok', text: 'The page is built.' }
  if (host.isCheckout) {
    const text = 'npm start builds the page in the background, and the API answers meanwhile.'
    return { code: 'page_later', level: 'ok', text }
  }
  const text = 'The files of the page are missing; the API works without them.'
  const remedy = 'Install sluice again: this installation is not complete.'
  return { code: 'page_missing', level: 'warning', text, remedy }
}

/** Commands called sluice on the path that are of another version, or of several. */
async function otherVersions(
  env: Examination['host']['env'],
  signal: AbortSignal,
): Promise<Observation[]> {
  const paths = (await findPrograms('sluice', env)).slice(0, 4)
  const versions = await Promise.all(
    paths.map(async (path) => ({
      path,
      version: (await outputOf(path, ['--version'], signal))?.trim(),
    })),
  )
  const known = versions.filter(({ version }) => version !== undefined && /^\d+\.\d+/.test(version))
  const differing = known.filter(({ version }) => version !== VERSION)
  const [first] = known
  if (known.length > 1) {
    const shown = known.map(({ path, version }) => `${path} (${version})`).join(', ')
    return [
      {
        code: 'install_twice',
        level: 'warning',
        text: `There are ${known.length} commands called sluice on the path: ${shown}; the first one is used.`,
        remedy:
          'Remove those that you do not need, for example with npm uninstall -g @sluice/sluice.',
      },
    ]
  }
  if (first === undefined || differing.length === 0) return []
  return [
    {
      code: 'install_other',
      level: 'hint',
      text: `The command sluice on the path, ${first.path}, is version ${first.version}, and this one is ${VERSION}.`,
      remedy: 'Update the other one, or use this one by its own path.',
    },
  ]
}
