// The list of all pages, in place of VitePress's, which makes several components of each of a hundred
// links: they were most of what a phone had to compute before it could react.

import { useData, withBase } from 'vitepress'
import type { DefaultTheme } from 'vitepress/theme'
import {
  computed,
  defineComponent,
  h,
  nextTick,
  onMounted,
  type PropType,
  ref,
  type VNode,
} from 'vue'

export default defineComponent({
  props: { items: { type: Array as PropType<DefaultTheme.SidebarItem[]>, required: true } },
  setup(props) {
    const { page } = useData()
    const list = ref<HTMLElement>()
    const current = computed(() => `/${page.value.relativePath.replace(/(?:index)?\.md$/, '')}`)

    onMounted(async () => {
      await nextTick()
      list.value?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
    })

    return () =>
      h(
        'div',
        { class: 'page-list', ref: list },
        props.items.map((group) => groupOf(group, current.value)),
      )
  },
})

/** One that is open has the page that is shown, or is not to be collapsed. */
function groupOf(
  { text, collapsed, items = [] }: DefaultTheme.SidebarItem,
  current: string,
): VNode {
  const open = collapsed !== true || items.some(({ link }) => link === current)
  return h('details', { key: text, open }, [
    h('summary', text),
    h(
      'ul',
      items.map(({ text: title, link = '/' }) =>
        h('li', { key: link }, h('a', attributesOf(link, current), title)),
      ),
    ),
  ])
}

function attributesOf(link: string, current: string) {
  return {
    href: withBase(link.endsWith('/') ? link : `${link}.html`),
    'aria-current': link === current ? 'page' : undefined,
  } as const
}
