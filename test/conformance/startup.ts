export const startup = () => {}
