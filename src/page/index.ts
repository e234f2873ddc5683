export { servePage, type ServePageOptions } from './serve-page.js';
