/** Stands in for `follow-redirects`: the client follows none, so that a credential stays where it belongs. */
import * as http from 'node:http';
import * as https from 'node:https';

export default { http, https };
