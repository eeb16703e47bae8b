/** What is said of files, loaded with the parts that say it. */
import { useI18n } from 'vue-i18n';

export const fileEn = {
  choose: 'Choose files …',
  kinds: 'Text, Markdown, code, and the text of PDFs',
  kindsImages: 'Text, Markdown, code, the text of PDFs, and images (PNG, JPEG, WebP, GIF)',
  limits: 'Up to {size} each, {count} in a message',
  budget: 'The model reads about {size} of text with one message',
  ways: 'You can also drop files anywhere, or paste them.',
  drop: 'Drop to attach',
  list: 'Attached files',
  reading: 'Reading …',
  waiting: 'Waiting …',
  uploading: 'Uploading, {percent} %',
  offline: 'Waits for the connection',
  again: 'Not uploaded yet; trying again',
  refused: 'The server did not take it.',
  noRoom: 'There is no room for it. Delete chats with files to make some.',
  retry: 'Try again now: {name}',
  remove: 'Remove {name}',
  save: 'Save {name}, {size}',
  saveFailed: 'The file could not be loaded. {reason}',
  readPart: '{part} of {size} read',
  notRead: '{size}, not read: no room',
  willCut: 'That is a lot: the model reads about {size} of it, from the beginning of each file.',
  problem: {
    empty: 'The file is empty.',
    'too-large': 'Larger than {size}.',
    'not-text': 'Not a text: only text and code can be read.',
    'no-images': 'The model here does not see images.',
    'pdf-no-text': 'No text in it: it seems to be scanned.',
    unreadable: 'Could not be read: damaged or locked.',
  },
};

export const fileVi: typeof fileEn = {
  choose: 'Chọn tệp …',
  kinds: 'Văn bản, Markdown, mã nguồn và phần chữ của PDF',
  kindsImages: 'Văn bản, Markdown, mã nguồn, phần chữ của PDF và hình ảnh (PNG, JPEG, WebP, GIF)',
  limits: 'Tối đa {size} mỗi tệp, {count} tệp trong một tin nhắn',
  budget: 'Mô hình đọc được khoảng {size} văn bản trong mỗi tin nhắn',
  ways: 'Bạn cũng có thể kéo thả hoặc dán tệp vào đây.',
  drop: 'Thả để đính kèm',
  list: 'Tệp đính kèm',
  reading: 'Đang đọc …',
  waiting: 'Đang chờ …',
  uploading: 'Đang tải lên, {percent} %',
  offline: 'Đang chờ kết nối',
  again: 'Chưa tải lên được; đang thử lại',
  refused: 'Máy chủ không nhận tệp này.',
  noRoom: 'Không còn chỗ trống. Hãy xóa bớt các cuộc trò chuyện có tệp.',
  retry: 'Thử lại ngay: {name}',
  remove: 'Bỏ {name}',
  save: 'Lưu {name}, {size}',
  saveFailed: 'Không tải được tệp. {reason}',
  readPart: 'đã đọc {part} trên {size}',
  notRead: '{size}, chưa đọc: không đủ chỗ',
  willCut: 'Nội dung khá dài: mô hình chỉ đọc khoảng {size}, từ đầu mỗi tệp.',
  problem: {
    empty: 'Tệp rỗng.',
    'too-large': 'Lớn hơn {size}.',
    'not-text': 'Không phải văn bản: chỉ đọc được văn bản và mã nguồn.',
    'no-images': 'Mô hình ở đây không xem được hình ảnh.',
    'pdf-no-text': 'Không có chữ: có vẻ là bản quét.',
    unreadable: 'Không đọc được: tệp hỏng hoặc bị khóa.',
  },
};

/** All the words of the app, and those of files. */
export function useFileWords() {
  return useI18n({ useScope: 'local', messages: { en: { file: fileEn }, vi: { file: fileVi } } });
}
