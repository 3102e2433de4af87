export const clients = () => {}
