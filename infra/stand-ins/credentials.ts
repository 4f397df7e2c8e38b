/** Stands in for `@aws-sdk/credential-provider-node`: in Lambda, credentials come from the environment and nowhere else. */
import { env } from 'node:process';

export const defaultProvider = () => async () => {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = env;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error(
      'AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set, as Lambda sets them for every function',
    );
  }
  return {
    accessKeyId,
    secretAccessKey,
    ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
  };
};
