/** Whether nginx takes lines of a configuration, where there is an nginx. */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

/** Undefined where nothing is wrong, and where there is no nginx that could tell. */
export function nginxFault(folder: string, lines: string): string | undefined {
  const nginx = folders.map((each) => join(each, 'nginx')).find(existsSync)
  if (nginx === undefined) return undefined
  const log = join(folder, 'nginx.log')
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `pid ${join(folder, 'nginx.pid')};\nerror_log ${log};\nevents {}\nhttp {\naccess_log off;\n${lines}\n}\n`,
  )
  const { status, stderr } = spawnSync(nginx, ['-t', '-c', file, '-e', log], { encoding: 'utf8' })
  return status === 0 ? undefined : stderr.trim()
}
