/** History and files in MongoDB keep their contracts. With MONGO_URL the server it names is used, in a database of its own. */
import mongoose from 'mongoose';
import { openMongoHistory } from '../../src/backends/cluster/mongo-history.ts';
import { randomId } from '../../src/ids.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { until } from '../support/until.ts';
import { fileStoreContract } from './file-store-contract.ts';
import { historyStoreContract } from './history-store-contract.ts';

const given = process.env['MONGO_URL'];

describeWith(given ? [] : ['mongo'], 'MongoDB', () => {
  const open = async () => {
    const url = given ? given.replace(/^([^/]*\/\/[^/?]+)(\/[^?]*)?/, `$1/test-${randomId(8)}`) : (await testMongo()).url;
    const opened = openMongoHistory({ MONGO_URL: url, MONGO_TIMEOUT_MS: 10_000 });
    await until('the indexes are made', async () => (await opened.health()).ok, 15_000);
    const close = async (): Promise<void> => {
      await opened.close();
      const connection = await mongoose.createConnection(url).asPromise();
      await connection.dropDatabase();
      await connection.close();
    };
    return { ...opened, close };
  };
  historyStoreContract('mongo', open);
  fileStoreContract('mongo', open);
});
