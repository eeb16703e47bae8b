/** What the demo can say. `{topic}` stands for words of the question, `{Topic}` for the same with a capital. */
import type { DemoLanguage } from './demo-language.ts';

export interface Phrases {
  titles: string[];
  intros: string[];
  listHeadings: string[];
  items: string[];
  codeIntros: string[];
  code: string[];
  tables: string[];
  closings: string[];
  /** Further parts of a long answer. */
  partHeadings: string[];
  paragraphs: string[];
  /** About files that came with the question. */
  filesHeading: string;
  fileText: string;
  fileCut: string;
  fileImage: string;
  fileMissing: string;
}

const CODE = [
  '```ts\nconst answer = await ask("{topic}");\nfor (const step of answer.steps) {\n  console.log(step.title);\n}\n```',
  '```bash\n# {topic}\nmkdir -p notes\necho "first step" > notes/plan.md\ncat notes/plan.md\n```',
  '```python\nsteps = ["look", "try", "measure"]\nfor number, step in enumerate(steps, start=1):\n    print(f"{number}. {step}")\n```',
];

const en: Phrases = {
  titles: ['{Topic}, step by step', 'A short guide: {topic}', '{Topic}: what matters'],
  intros: [
    'You asked about **{topic}**. The short answer: begin with the smallest thing that works, look at what it really does, and only then make it bigger.',
    'Here is how I would go about **{topic}**. Most of the work lies in deciding what you need, so it pays to write that down before anything else.',
    '**{Topic}** looks larger than it is. Once it is cut into pieces that you can finish in an hour each, every one of them is simple.',
  ],
  listHeadings: ['What to do', 'In order', 'The steps'],
  items: [
    '**Say what you want.** One sentence, with a number in it if you can.',
    '**Find the risky part** and try that first.',
    '**Keep it small.** Leave out what nobody asked for.',
    '**Measure** before and after, on the same machine.',
    '**Write a check** that fails when the thing breaks.',
    '**Ask someone** who has not seen it yet to use it.',
    '**Note what you decided**, and why, in two lines.',
  ],
  codeIntros: ['A first version fits in a few lines:', 'In code it comes to this:', 'You can try it at once:'],
  code: CODE,
  tables: [
    '| Choice | Good when | Costs |\n| --- | --- | --- |\n| simple | you begin | little |\n| thorough | others rely on it | time |',
    '| Question | Answer |\n| --- | --- |\n| How long? | an afternoon |\n| How sure? | as sure as its tests |',
  ],
  closings: [
    'Tell me more about your case, and I can go into detail. 🚀',
    'That is enough to begin with; the rest shows on the way. Ask again at any step.',
    'This answer comes from the *demo provider*: no model was asked, and the same question gets the same words.',
  ],
  partHeadings: ['A closer look', 'What can go wrong', 'An example', 'Doing it again', 'In larger steps', 'What others do'],
  paragraphs: [
    'Seen closely, **{topic}** has two sides: what is done once, and what is done every day. The second one decides whether it lasts.',
    'Things go wrong where two parts meet. With **{topic}** it helps to name each meeting point and to say who acts when it fails.',
    'Suppose that someone new joins tomorrow. If the notes on **{topic}** let them begin without a question, the notes are good enough.',
    'What worked once will not work always. Plan the second round of **{topic}** while the first one is still fresh.',
  ],
  filesHeading: 'Your files have arrived:',
  fileText: '`{name}` has {words} words and begins with “{begin} …”.',
  fileCut: '`{name}` is long: its first {words} words reached me. It begins with “{begin} …”.',
  fileImage: '`{name}` is an image of {bytes} bytes.',
  fileMissing: '`{name}` ({bytes} bytes) did not fit in: I only know its name.',
};

const vi: Phrases = {
  titles: ['{Topic}: từng bước một', 'Hướng dẫn ngắn: {topic}', '{Topic}: những điều quan trọng'],
  intros: [
    'Bạn hỏi về **{topic}**. Câu trả lời ngắn gọn: hãy bắt đầu từ phần nhỏ nhất chạy được, quan sát nó hoạt động ra sao, rồi mới mở rộng.',
    'Đây là cách tôi sẽ làm với **{topic}**. Phần lớn công việc nằm ở chỗ xác định bạn cần gì, vì vậy hãy viết điều đó ra trước tiên.',
    '**{Topic}** trông phức tạp hơn thực tế. Khi chia thành những phần có thể làm xong trong một giờ, phần nào cũng đơn giản.',
  ],
  listHeadings: ['Các bước cần làm', 'Theo thứ tự', 'Việc nên làm'],
  items: [
    '**Nói rõ điều bạn muốn** trong một câu, nếu được thì kèm con số.',
    '**Tìm phần rủi ro nhất** và thử phần đó trước.',
    '**Giữ cho gọn.** Bỏ những gì chưa ai cần đến.',
    '**Đo đạc** trước và sau, trên cùng một máy.',
    '**Viết phép kiểm tra** sẽ báo lỗi khi có gì hỏng.',
    '**Nhờ một người mới** dùng thử và lắng nghe họ.',
    '**Ghi lại quyết định** cùng lý do, hai dòng là đủ.',
  ],
  codeIntros: ['Phiên bản đầu tiên chỉ gồm vài dòng:', 'Viết thành mã thì như sau:', 'Bạn có thể thử ngay:'],
  code: CODE,
  tables: [
    '| Lựa chọn | Phù hợp khi | Chi phí |\n| --- | --- | --- |\n| đơn giản | mới bắt đầu | thấp |\n| kỹ lưỡng | nhiều người dùng | thời gian |',
    '| Câu hỏi | Trả lời |\n| --- | --- |\n| Mất bao lâu? | một buổi chiều |\n| Chắc đến đâu? | tùy vào phép thử |',
  ],
  closings: [
    'Hãy kể thêm về trường hợp của bạn, tôi sẽ đi vào chi tiết. 🚀',
    'Chừng đó đủ để bắt đầu, phần còn lại sẽ rõ dần. Cứ hỏi thêm ở bất kỳ bước nào.',
    'Câu trả lời này đến từ *trình demo*: không có mô hình nào được gọi, cùng câu hỏi sẽ có cùng câu trả lời.',
  ],
  partHeadings: ['Nhìn kỹ hơn', 'Những gì có thể sai', 'Một ví dụ', 'Làm lại lần nữa', 'Đi những bước lớn hơn', 'Người khác làm thế nào'],
  paragraphs: [
    'Nhìn kỹ, **{topic}** có hai mặt: việc làm một lần và việc làm mỗi ngày. Mặt thứ hai quyết định nó có bền hay không.',
    'Lỗi thường nằm ở chỗ hai phần gặp nhau. Với **{topic}**, nên gọi tên từng điểm gặp và nói rõ ai xử lý khi nó hỏng.',
    'Giả sử ngày mai có người mới tham gia. Nếu ghi chú về **{topic}** giúp họ bắt đầu mà không phải hỏi, thế là đủ tốt.',
    'Điều đúng một lần chưa chắc đúng mãi. Hãy chuẩn bị vòng hai của **{topic}** khi vòng một còn mới.',
  ],
  filesHeading: 'Tôi đã nhận được tệp của bạn:',
  fileText: '`{name}` có {words} từ, mở đầu bằng “{begin} …”.',
  fileCut: '`{name}` khá dài: tôi đọc được {words} từ đầu tiên. Tệp mở đầu bằng “{begin} …”.',
  fileImage: '`{name}` là hình ảnh, {bytes} byte.',
  fileMissing: '`{name}` ({bytes} byte) không vừa chỗ: tôi chỉ biết tên tệp.',
};

export const PHRASES: Record<DemoLanguage, Phrases> = { en, vi };
