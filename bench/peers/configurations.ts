/**
 * The configurations of other programs. nginx and haproxy forward each chunk at once and keep connections
 * open; the gateways have their defaults, apart from what the comment of each names.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MODEL } from '../script.ts'

/** Writes nginx's configuration into `folder`; returns its path. */
export function writeNginx(folder: string, port: number, upstreamPort: number): string {
  // Started by root, nginx would run its worker as another user, who may not write into the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  )
  return write(
    join(folder, 'nginx.conf'),
    `${user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 65535;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')} crit;
events { worker_connections 32768; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  upstream bench { server 127.0.0.1:${upstreamPort}; keepalive 256; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://bench;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 1h;
    }
  }
}
`,
  )
}

/** Writes haproxy's configuration into `folder`; returns its path. */
export function writeHaproxy(folder: string, port: number, upstreamPort: number): string {
  return write(
    join(folder, 'haproxy.cfg'),
    `global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  option http-no-delay
  option abortonclose
  http-reuse always
frontend clients
  bind 127.0.0.1:${port}
  default_backend bench
backend bench
  server one 127.0.0.1:${upstreamPort}
`,
  )
}

/**
 * Writes llama-swap's configuration into `folder`; returns its path. A peer, which is a server that runs
 * already, as the upstream does here; a model that it starts itself would allow ten requests at a time.
 */
export function writeLlamaSwap(folder: string, upstreamUrl: string): string {
  return write(
    join(folder, 'llama-swap.yaml'),
    `peers:
  bench:
    proxy: ${upstreamUrl}
    models: [${MODEL}]
`,
  )
}

/**
 * Writes Olla's configuration into `folder`; returns its path. Its limits of requests a minute are off,
 * because they would refuse the benchmark.
 */
export function writeOlla(folder: string, port: number, upstreamUrl: string): string {
  return write(
    join(folder, 'olla.yaml'),
    `server:
  host: 127.0.0.1
  port: ${port}
  rate_limits:
    global_requests_per_minute: 0
    per_ip_requests_per_minute: 0
    health_requests_per_minute: 0
discovery:
  type: static
  static:
    endpoints:
      - url: ${upstreamUrl}
        name: bench
        type: openai-compatible
        priority: 100
        model_url: /v1/models
        health_check_url: /v1/models
        check_interval: 5s
        check_timeout: 2s
`,
  )
}

function write(path: string, text: string): string {
  writeFileSync(path, text)
  return path
}
