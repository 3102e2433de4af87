/** The part of uqr that the page needs, apart from what draws codes as text and as HTML. */
export { encode } from 'uqr'
