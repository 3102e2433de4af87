import { useEffect, useState } from 'preact/hooks'

/** The modules of a QR code as one path; it stays black on white, which every camera can read. */
export function QrCode({ text, name }: { text: string; name: string }) {
  const [drawn, setDrawn] = useState<{ size: number; path: string } | undefined>(undefined)
  useEffect(() => {
    let isShown = true
    // Few open this, and it is 8 kB.
    void import('./qr-modules.ts').then(({ encode }) => {
      const { data, size } = encode(text, { border: 2 })
      if (isShown) setDrawn({ size, path: pathOf(data) })
    })
    return () => {
      isShown = false
    }
  }, [text])
  if (drawn === undefined) return <div class="qr-code" />
  const { size, path } = drawn
  return (
    <svg class="qr-code" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={name}>
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" shape-rendering="crispEdges" />
    </svg>
  )
}

/** Runs of dark modules, row by row. */
function pathOf(rows: readonly (readonly boolean[])[]): string {
  let path = ''
  for (const [y, row] of rows.entries()) {
    let from = -1
    for (let x = 0; x <= row.length; x++) {
      if (row[x] && from < 0) from = x
      if (row[x] || from < 0) continue
      path += `M${from} ${y}h${x - from}v1h-${x - from}z`
      from = -1
    }
  }
  return path
}
