/** Whether this device runs on its battery, where the browser says so. */
import { signal } from '@preact/signals'

/** The part of the Battery Status API used here. Only Chromium's browsers have it. */
interface Battery extends EventTarget {
  charging: boolean
}

/** Undefined where it is not known. */
export const charging = signal<boolean | undefined>(undefined)

let following: Promise<void> | undefined

/** Keeps both up to date; `onChange` is called when the device is plugged in or out. */
export async function followBattery(onChange: () => void = () => {}): Promise<void> {
  following ??= follow()
  await following
  onChange()
  listeners.add(onChange)
}

const listeners = new Set<() => void>()

async function follow(): Promise<void> {
  const { getBattery } = navigator as { getBattery?: () => Promise<Battery> }
  const battery = await getBattery?.call(navigator).catch(() => undefined)
  if (battery === undefined) return
  const read = () => {
    charging.value = battery.charging
    for (const listener of listeners) listener()
  }
  read()
  battery.addEventListener('chargingchange', read)
}
