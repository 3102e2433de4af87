// Above each page: its Markdown, to copy or to read.

import { useData, withBase } from 'vitepress'
import { defineComponent, h, onUnmounted, ref } from 'vue'

export const PageActions = defineComponent(() => {
  const { page, frontmatter } = useData()
  const said = ref('Copy as Markdown')
  let timer: ReturnType<typeof setTimeout> | undefined
  onUnmounted(() => clearTimeout(timer))

  const address = () => withBase(`/${page.value.relativePath}`)

  async function copy(): Promise<void> {
    said.value = await copied(address()).then(
      () => 'Copied',
      () => 'It could not be copied',
    )
    clearTimeout(timer)
    timer = setTimeout(() => {
      said.value = 'Copy as Markdown'
    }, 2_000)
  }

  return () =>
    frontmatter.value.pageClass === 'home'
      ? undefined
      : h('div', { class: 'page-actions' }, [
          h('button', { type: 'button', onClick: copy, 'aria-live': 'polite' }, said.value),
          h('a', { href: address(), target: '_self' }, 'View as Markdown'),
        ])
})

async function copied(address: string): Promise<void> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`${address}: received status ${response.status}`)
  await navigator.clipboard.writeText(await response.text())
}
