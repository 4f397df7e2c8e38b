/** Stands in for `@aws-sdk/endpoint-cache`: DynamoDB's endpoint is known, it is never discovered. */
export class EndpointCache {}
