// In place of VitePress's links to social sites, which load icons from another host.

import { defineComponent } from 'vue'

export default defineComponent(() => () => undefined)
