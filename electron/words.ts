import type { OperationView, StatusView } from '../src/protocol/shapes.ts';

/** The sentences of tray, notifications and menus in the languages that Longshore speaks. */

export interface Words {
  readonly language: string;
  readonly upToDate: string;
  readonly starting: string;
  readonly restarting: string;
  readonly engineFailed: string;
  readonly offline: (waiting: number) => string;
  readonly paused: string;
  readonly pausedUntil: (time: string) => string;
  readonly working: Readonly<Record<NonNullable<StatusView['work']>, (current: number, total: number) => string>>;
  /** Gates that people have shut by their settings, and that hold for all files. */
  readonly held: Readonly<Partial<Record<StatusView['gates'][number]['gate'], string>>>;
  readonly diskLow: string;
  readonly diskFull: string;
  readonly deletesHeld: (count: number) => string;
  readonly waiting: (count: number) => string;
  readonly attention: (count: number) => string;
  readonly folderTrouble: (name: string) => string;
  readonly configTrouble: string;
  readonly progress: (name: string, percent: number) => string;
  /** What is done with an item that is not sent. */
  readonly doing: Readonly<Partial<Record<OperationView['kind'], (name: string) => string>>>;
  readonly pauseMenu: string;
  readonly pause30Minutes: string;
  readonly pause2Hours: string;
  readonly pauseUntilTomorrow: string;
  readonly pauseUntilResume: string;
  readonly resume: string;
  readonly openFolder: string;
  readonly openWindow: string;
  readonly showAttention: string;
  readonly tryAgain: string;
  readonly quit: string;
  readonly stillRunningTitle: string;
  readonly stillRunningBody: string;
  readonly conflictTitle: (count: number) => string;
  readonly conflictBody: string;
  readonly failedTitle: (count: number) => string;
  readonly massDeleteTitle: (count: number, of: number) => string;
  readonly massDeleteBody: (folder: string) => string;
  readonly finishedTitle: string;
  readonly finishedBody: (count: number) => string;
  readonly engineDied: (detail: string) => string;
  readonly engineLockHeld: (detail: string) => string;
  readonly engineConfigInvalid: (detail: string) => string;
  readonly demoStarting: string;
  readonly demoFailed: (detail: string) => string;
  readonly menu: { readonly file: string; readonly edit: string; readonly view: string; readonly close: string };
}

const items = (count: number): string => (count === 1 ? '1 item' : `${count} items`);

const english: Words = {
  language: 'en',
  upToDate: 'Everything is up to date',
  starting: 'Starting…',
  restarting: 'The engine is restarting…',
  engineFailed: 'The engine does not run',
  offline: (waiting) => (waiting === 0 ? 'Offline' : `Offline · ${items(waiting)} waiting`),
  paused: 'Paused',
  pausedUntil: (time) => `Paused until ${time}`,
  working: {
    'file.upload': (current, total) => `Uploading ${current} of ${total}`,
    'file.delete': (current, total) => `Deleting ${current} of ${total}`,
    'file.move': (current, total) => `Moving ${current} of ${total}`,
    'file.download': (current, total) => `Downloading ${current} of ${total}`,
    'api.call': (current, total) => `Sending ${current} of ${total}`,
    'flow.run': (current, total) => `Working on ${current} of ${total}`,
    mixed: (current, total) => `Working on ${current} of ${total}`,
  },
  held: {
    'schedule-closed': 'Outside of working hours',
    'on-battery': 'On battery power',
    metered: 'On a metered connection',
  },
  diskLow: 'The disk of this computer is nearly full',
  diskFull: 'The disk with the queue is full: nothing is sent',
  deletesHeld: (count) => (count === 1 ? '1 delete waits for your word' : `${count} deletes wait for your word`),
  waiting: (count) => `${items(count)} waiting`,
  attention: (count) => (count === 1 ? '1 item needs attention' : `${count} items need attention`),
  folderTrouble: (name) => `Folder “${name}” is not available`,
  configTrouble: 'The configuration has a problem',
  progress: (name, percent) => `${name} – ${percent} %`,
  doing: {
    'file.delete': (name) => `Deleting ${name}`,
    'file.move': (name) => `Moving ${name}`,
    'file.download': (name) => `Downloading ${name}`,
  },
  pauseMenu: 'Pause',
  pause30Minutes: 'For 30 minutes',
  pause2Hours: 'For 2 hours',
  pauseUntilTomorrow: 'Until tomorrow',
  pauseUntilResume: 'Until I resume',
  resume: 'Resume',
  openFolder: 'Open folder',
  openWindow: 'Open Longshore',
  showAttention: 'Show what needs attention',
  tryAgain: 'Start the engine again',
  quit: 'Quit Longshore',
  stillRunningTitle: 'Longshore keeps working',
  stillRunningBody: 'The window is closed; syncing goes on. Quit from the tray icon.',
  conflictTitle: (count) => (count === 1 ? 'A file was changed on both sides' : `${count} items are in conflict`),
  conflictBody: 'Nothing was overwritten. Choose which version to keep.',
  failedTitle: (count) => (count === 1 ? 'An item needs attention' : `${count} items need attention`),
  massDeleteTitle: (count, of) => `${count} of ${of} files are gone`,
  massDeleteBody: (folder) => `Folder “${folder}”: nothing is deleted in the storage until you decide.`,
  finishedTitle: 'All done',
  finishedBody: (count) => `${items(count)} finished`,
  engineDied: (detail) => `The engine ended unexpectedly${detail ? ` (${detail})` : ''}. Work resumes where it stood.`,
  engineLockHeld: (detail) => detail || 'Another engine holds this data directory. Longshore tries again by itself.',
  engineConfigInvalid: (detail) =>
    `The configuration is not valid${detail ? `: ${detail}` : '.'} Longshore starts as soon as the file is right.`,
  demoStarting: 'The demo is starting…',
  demoFailed: (detail) => `The demo could not be started${detail ? ` (${detail})` : ''}.`,
  menu: { file: 'File', edit: 'Edit', view: 'View', close: 'Close window' },
};

const chinese: Words = {
  language: 'zh',
  upToDate: '全部已是最新',
  starting: '正在启动…',
  restarting: '引擎正在重新启动…',
  engineFailed: '引擎未运行',
  offline: (waiting) => (waiting === 0 ? '离线' : `离线 · ${waiting} 项等待中`),
  paused: '已暂停',
  pausedUntil: (time) => `已暂停，直到 ${time}`,
  working: {
    'file.upload': (current, total) => `正在上传第 ${current} 项，共 ${total} 项`,
    'file.delete': (current, total) => `正在删除第 ${current} 项，共 ${total} 项`,
    'file.move': (current, total) => `正在移动第 ${current} 项，共 ${total} 项`,
    'file.download': (current, total) => `正在下载第 ${current} 项，共 ${total} 项`,
    'api.call': (current, total) => `正在发送第 ${current} 项，共 ${total} 项`,
    'flow.run': (current, total) => `正在处理第 ${current} 项，共 ${total} 项`,
    mixed: (current, total) => `正在处理第 ${current} 项，共 ${total} 项`,
  },
  held: {
    'schedule-closed': '当前不在工作时段',
    'on-battery': '正在使用电池供电',
    metered: '当前网络按流量计费',
  },
  diskLow: '本机磁盘空间即将用尽',
  diskFull: '存放队列的磁盘已满：暂停发送',
  deletesHeld: (count) => `${count} 项删除等待您确认`,
  waiting: (count) => `${count} 项等待中`,
  attention: (count) => `${count} 项需要处理`,
  folderTrouble: (name) => `文件夹“${name}”不可用`,
  configTrouble: '配置有问题',
  progress: (name, percent) => `${name} – ${percent}%`,
  doing: {
    'file.delete': (name) => `正在删除 ${name}`,
    'file.move': (name) => `正在移动 ${name}`,
    'file.download': (name) => `正在下载 ${name}`,
  },
  pauseMenu: '暂停',
  pause30Minutes: '30 分钟',
  pause2Hours: '2 小时',
  pauseUntilTomorrow: '直到明天',
  pauseUntilResume: '直到我恢复',
  resume: '恢复',
  openFolder: '打开文件夹',
  openWindow: '打开 Longshore',
  showAttention: '查看需要处理的项目',
  tryAgain: '重新启动引擎',
  quit: '退出 Longshore',
  stillRunningTitle: 'Longshore 仍在工作',
  stillRunningBody: '窗口已关闭，同步继续进行。可从托盘图标退出。',
  conflictTitle: (count) => `${count} 项有冲突`,
  conflictBody: '没有覆盖任何内容。请选择要保留的版本。',
  failedTitle: (count) => `${count} 项需要处理`,
  massDeleteTitle: (count, of) => `${of} 个文件中有 ${count} 个已不在`,
  massDeleteBody: (folder) => `文件夹“${folder}”：在您决定之前，不会删除存储中的任何内容。`,
  finishedTitle: '全部完成',
  finishedBody: (count) => `已完成 ${count} 项`,
  engineDied: (detail) => `引擎意外结束${detail ? `（${detail}）` : ''}。将从中断处继续。`,
  engineLockHeld: (detail) => detail || '另一个引擎正在使用此数据目录。Longshore 会自动重试。',
  engineConfigInvalid: (detail) => `配置无效${detail ? `：${detail}` : '。'}文件改正后 Longshore 会立即启动。`,
  demoStarting: '演示正在启动…',
  demoFailed: (detail) => `无法启动演示${detail ? `（${detail}）` : ''}。`,
  menu: { file: '文件', edit: '编辑', view: '显示', close: '关闭窗口' },
};

/** The language of a BCP 47 tag; English for all that Longshore does not speak. */
export function wordsFor(locale: string): Words {
  return /^zh\b/i.test(locale) ? chinese : english;
}
