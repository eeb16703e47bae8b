// An inner part of kafkajs 2.2.4 that src/backends/cluster/kafka-client.ts repairs.
declare module 'kafkajs/src/network/requestQueue/index.js' {
  class RequestQueue {
    pending: unknown[];
    scheduleCheckPendingRequests(): void;
  }
  export default RequestQueue;
}
