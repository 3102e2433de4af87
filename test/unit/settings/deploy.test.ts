import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'jsonc-parser'
import { describe, expect, it } from 'vitest'
import { root } from '../../../scripts/hosts.mjs'
import { requireProtection } from '../../../src/hosts/server/exposure.ts'
import { table } from '../../../src/routes/table.ts'
import { settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings, type SettingsInput } from '../../../src/settings/settings.ts'
import { readStateUrl } from '../../../src/settings/state-url.ts'
import { requireSupport } from '../../../src/settings/support.ts'
import {
  composeFile,
  deployed,
  type KubernetesObject,
  kubernetesManifest,
  sluices,
} from '../../support/deploy.ts'

const PASSWORD = 'a1b2c3'
const KEY = `guest=sha256:${'0'.repeat(64)}`
const containerfile = deployed('Containerfile')

/** Routes that anybody may ask. */
const open = Object.values(table)
  .filter(({ access }) => access === 'open')
  .map(({ path }) => path)

/** What a container would serve with. */
function settingsOf(environment: Record<string, string>, file: string) {
  const image = Object.fromEntries(
    [...containerfile.matchAll(/^ENV (SLUICE_\w+)=(.*)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  )
  const given = settingsFromEnv({ ...image, ...environment })
  for (const name of Object.keys(environment))
    expect(Object.keys(settingsFromEnv({ [name]: environment[name] })), name).toHaveLength(1)
  const read = (more: object) => {
    const settings = parseSettings({
      ...(parse(file, [], { allowTrailingComma: true }) as SettingsInput),
      ...given,
      ...more,
    })
    requireSupport(settings, 'bun')
    requireProtection(settings)
    return settings
  }
  // Everyone can reach the container, so it does not start before there is a key.
  expect(() => read({})).toThrow('no API keys are configured')
  return read({ keys: [KEY] })
}

describe('the compose file', () => {
  const { services, configs, volumes } = composeFile(PASSWORD)
  const { proxy, redis } = services

  it.each(sluices)('%s has settings that sluice has, and time to stop', (name) => {
    const service = services[name]
    const settings = settingsOf(service?.environment ?? {}, deployed('compose/sluice.jsonc'))
    expect(settings).toMatchObject({ host: '0.0.0.0', port: 8787, stateFailure: 'local' })
    expect(settings.stateInstances).toBe(sluices.length)
    const state = readStateUrl(settings.state ?? '')
    expect(state).toMatchObject({ hosts: [{ host: 'redis', port: 6379 }], password: PASSWORD })
    const stops = Number(service?.stop_grace_period?.replace(/s$/, '')) * 1_000
    expect(stops).toBeGreaterThan(settings.drainDelay + settings.grace)
    expect(service?.command).toEqual(['--config', '/etc/sluice/sluice.jsonc'])
    expect(service?.volumes).toEqual(['./sluice.jsonc:/etc/sluice/sluice.jsonc:ro'])
  })

  it('has three sluices, and names nothing that it does not declare', () => {
    expect(Object.keys(services)).toEqual([...sluices, 'redis', 'proxy'])
    for (const { depends_on = [], configs: used = [], volumes: mounted = [] } of Object.values(
      services,
    )) {
      for (const name of depends_on) expect(services).toHaveProperty([name])
      for (const { source } of used) expect(configs).toHaveProperty([source])
      for (const [from = ''] of mounted.map((text) => text.split(':'))) {
        if (from.startsWith('./')) expect(deployed(`compose/${from}`)).not.toBe('')
        else expect(volumes).toHaveProperty([from])
      }
    }
    expect(services['sluice-1']?.build).toEqual({
      context: '../..',
      dockerfile: 'deploy/Containerfile',
    })
  })

  it('has a Redis with that password, which deletes nothing that is in use', () => {
    const lines = configs.redis?.content.trim().split('\n')
    expect(lines).toContain(`requirepass ${PASSWORD}`)
    expect(lines).toContain('maxmemory-policy noeviction')
    expect(redis?.command).toEqual(['redis-server', redis?.configs?.[0]?.target])
  })

  it('has a proxy that asks all of them whether they are ready, and that is told of disconnects', () => {
    const caddy = deployed('compose/Caddyfile').replaceAll(/^\s*#.*$/gm, '')
    expect(caddy).toContain(`reverse_proxy ${sluices.map((name) => `${name}:8787`).join(' ')} {`)
    expect(open).toContain(/health_uri (\S+)/.exec(caddy)?.[1])
    expect(caddy).not.toContain('flush_interval')
    expect(caddy.match(/^:(\d+) \{$/m)?.[1]).toBe(proxy?.ports?.[0]?.split(':')[1])
  })
})

describe('the image', () => {
  it('has the port of sluice, and asks a route that anybody may ask whether it is healthy', () => {
    const { port } = parseSettings({})
    expect(containerfile).toContain(`EXPOSE ${port}\n`)
    const asked = new RegExp(`127\\.0\\.0\\.1:\\$\\{SLUICE_PORT:-${port}\\}(/[\\w/]+)`)
    const [, path] = asked.exec(containerfile) ?? []
    expect(open).toContain(path)
  })

  it('runs as a user that is not root, as the manifest for Kubernetes says', () => {
    const [, user] = /^USER (\d+):\d+$/m.exec(containerfile) ?? []
    const { spec } = kubernetesManifest().Deployment as { spec: DeploymentSpec }
    expect(spec.template.spec.securityContext.runAsUser).toBe(Number(user))
    expect(Number(user)).toBeGreaterThan(0)
  })

  it('is built on a Node that the scripts run on', () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const [, node] = /^FROM .*node:(\d+)-slim AS build$/m.exec(containerfile) ?? []
    expect(Number(node)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]))
  })
})

describe('the service of systemd', () => {
  const service = deployed('sluice.service')

  it('has time to stop, and is not started again where the settings are wrong', () => {
    const { drainDelay, grace } = parseSettings({})
    const seconds = Number(/^TimeoutStopSec=(\d+)s$/m.exec(service)?.[1])
    expect(seconds * 1_000).toBeGreaterThan(drainDelay + grace)
    // What exitWithError exits with for a SettingsError.
    expect(service).toContain('\nRestartPreventExitStatus=2\n')
    expect(service).toContain(
      '\nExecStart=/usr/local/bin/sluice --config /etc/sluice/sluice.json\n',
    )
  })
})

describe('the Kubernetes manifest', () => {
  const objects = kubernetesManifest()
  const { metadata, spec } = objects.Deployment as KubernetesObject & { spec: DeploymentSpec }
  const pod = spec.template.spec
  const [container] = pod.containers
  const secret = objects.Secret?.stringData ?? {}

  it('has what belongs together, by name', () => {
    const kinds = ['Secret', 'ConfigMap', 'Deployment', 'Service', 'PodDisruptionBudget']
    expect(Object.keys(objects)).toEqual(kinds)
    const labels = spec.template.metadata.labels
    expect(labels).toEqual({ app: metadata.name })
    const service = objects.Service?.spec as { selector: object; ports: { targetPort: string }[] }
    const budget = objects.PodDisruptionBudget?.spec as { selector: { matchLabels: object } }
    for (const selected of [spec.selector.matchLabels, service.selector]) {
      expect(selected).toEqual(labels)
    }
    expect(budget.selector.matchLabels).toEqual(labels)
    expect(container?.ports).toEqual([{ name: service.ports[0]?.targetPort, containerPort: 8787 }])
    const mounted = container?.volumeMounts[0]
    expect(pod.volumes).toEqual([
      { name: mounted?.name, configMap: { name: objects.ConfigMap?.metadata.name } },
    ])
    const file = `${mounted?.mountPath}/${Object.keys(objects.ConfigMap?.data ?? {})[0]}`
    expect(container?.args).toEqual(['--config', file])
  })

  it('has settings that sluice has, and time to stop', () => {
    const environment = (container?.env ?? []).map(({ name, value, valueFrom }) => {
      const { name: of = '', key = '' } = valueFrom?.secretKeyRef ?? {}
      if (valueFrom) expect(of).toBe(objects.Secret?.metadata.name)
      return [name, value ?? secret[key] ?? '']
    })
    const file = objects.ConfigMap?.data?.['sluice.json'] ?? ''
    const settings = settingsOf(Object.fromEntries(environment), file)
    expect(readStateUrl(settings.state ?? '')).toMatchObject({ kind: 'single' })
    const stops = pod.terminationGracePeriodSeconds * 1_000
    expect(stops).toBeGreaterThan(settings.drainDelay + settings.grace)
    // Two probes that fail, and time for the news to reach every node.
    const { periodSeconds, failureThreshold = 3 } = container?.readinessProbe ?? {}
    const noticed = (periodSeconds ?? 10) * failureThreshold * 1_000
    expect(settings.drainDelay).toBeGreaterThanOrEqual(noticed + 5_000)
  })

  it('has probes of routes that need no key: ready for requests, health for a restart', () => {
    const { readinessProbe, livenessProbe, startupProbe } = container ?? {}
    expect(readinessProbe?.httpGet).toEqual({ path: '/health/ready', port: 'http' })
    for (const probe of [livenessProbe, startupProbe])
      expect(probe?.httpGet).toEqual({ path: '/health', port: 'http' })
    expect(open).toEqual(expect.arrayContaining(['/health/ready', '/health']))
  })
})

interface Probe {
  httpGet: { path: string; port: string }
  periodSeconds?: number
  failureThreshold?: number
}

interface DeploymentSpec {
  selector: { matchLabels: object }
  template: {
    metadata: { labels: object }
    spec: {
      terminationGracePeriodSeconds: number
      securityContext: { runAsUser: number }
      volumes: object[]
      containers: {
        args: string[]
        ports: object[]
        env: { name: string; value?: string; valueFrom?: { secretKeyRef: NamedKey } }[]
        volumeMounts: { name: string; mountPath: string }[]
        readinessProbe: Probe
        livenessProbe: Probe
        startupProbe: Probe
      }[]
    }
  }
}

interface NamedKey {
  name: string
  key: string
}
