/** Text as it may stand in XML, between tags and in attributes. */
export const escapedXml = (text: string): string =>
  text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
