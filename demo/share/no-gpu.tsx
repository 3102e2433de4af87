import { gpu } from '../engine.ts'

/** Why this browser has nothing to share, and what to do. */
export function NoGpu() {
  const now = gpu.value
  if (now.state !== 'missing') return null
  return (
    <div class="empty-state" role="status">
      <p>
        <strong>This browser has no GPU to share.</strong>{' '}
        {isSecureContext ? `${now.why} ${now.remedy}` : PLAIN}
      </p>
      {!isSecureContext && (
        <p class="weak">
          docs/https.md of sluice shows how to serve https in a local network; a tunnel such as
          Tailscale Serve or Cloudflare Tunnel works too.
        </p>
      )}
    </div>
  )
}

const PLAIN =
  'Browsers allow WebGPU only on pages from https or from the machine itself, and this page came over http from another one. Serve it over https, and open the link again.'
