/** Stands in for `https-proxy-agent`: the way out is the network's business, there is no proxy. */
export default class {}
