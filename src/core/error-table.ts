/**
 * Every error code of Longshore: its class, which decides what happens next, and for people a sentence of what happened
 * and one of what they can do, in English and Simplified Chinese. docs/errors.md is generated from this table.
 * Codes are stable; sentences may be improved.
 */

/** What happens next: see DESIGN section 10. `local` errors carry their own rule in `retry`. */
export type ErrorClass = 'transient' | 'permanent' | 'business' | 'conflict' | 'local' | 'unreachable' | 'internal';

export interface ErrorEntry {
  readonly class: ErrorClass;
  /** Only for class `local` and `internal`: whether another attempt may help. */
  readonly retry?: boolean;
  readonly en: { readonly message: string; readonly hint: string };
  readonly zh: { readonly message: string; readonly hint: string };
}

export const ERROR_TABLE = {
  'net.refused': {
    class: 'unreachable',
    en: {
      message: 'Nothing answers at the address of this service.',
      hint: 'Check that the service runs and that endpoint and port are right. Longshore keeps trying.',
    },
    zh: { message: '该服务的地址没有应答。', hint: '请检查服务是否在运行、地址和端口是否正确。Longshore 会继续尝试。' },
  },
  'net.dns': {
    class: 'unreachable',
    en: {
      message: 'The name of this service could not be found.',
      hint: 'Check the network and the spelling of the endpoint. Longshore keeps trying.',
    },
    zh: { message: '无法解析该服务的名称。', hint: '请检查网络和地址的拼写。Longshore 会继续尝试。' },
  },
  'net.tls': {
    class: 'unreachable',
    en: {
      message: 'The service could not prove who it is (TLS).',
      hint: 'Check the date of this computer and the certificate of the service; a company network may need its own certificate authority.',
    },
    zh: {
      message: '无法验证该服务的身份（TLS）。',
      hint: '请检查本机日期和服务的证书；公司网络可能需要自己的证书颁发机构。',
    },
  },
  'net.unreachable': {
    class: 'unreachable',
    en: {
      message: 'There is no way to this service on the network.',
      hint: 'Check the network. Longshore keeps trying.',
    },
    zh: { message: '网络无法到达该服务。', hint: '请检查网络。Longshore 会继续尝试。' },
  },
  'net.connect-timeout': {
    class: 'unreachable',
    en: {
      message: 'The service did not accept a connection in time.',
      hint: 'Check the network and whether a firewall is in the way. Longshore keeps trying.',
    },
    zh: { message: '服务未能及时接受连接。', hint: '请检查网络以及是否有防火墙阻挡。Longshore 会继续尝试。' },
  },
  'net.timeout': {
    class: 'transient',
    en: { message: 'The service did not answer in time.', hint: 'Longshore tries again by itself.' },
    zh: { message: '服务未能及时应答。', hint: 'Longshore 会自动重试。' },
  },
  'net.reset': {
    class: 'transient',
    en: { message: 'The connection broke in the middle.', hint: 'Longshore tries again by itself.' },
    zh: { message: '连接中途断开。', hint: 'Longshore 会自动重试。' },
  },
  'net.stalled': {
    class: 'transient',
    en: {
      message: 'The transfer stood still for too long.',
      hint: 'Longshore tries again by itself, from where it stood.',
    },
    zh: { message: '传输停滞太久。', hint: 'Longshore 会从中断处自动重试。' },
  },
  'net.captive-portal': {
    class: 'unreachable',
    en: {
      message: 'Something else answers in place of this service: most likely a log-in page of the network.',
      hint: 'Open a browser and log in to the network, or check the endpoint. Longshore keeps trying.',
    },
    zh: {
      message: '应答的不是该服务，很可能是网络的登录页面。',
      hint: '请打开浏览器登录网络，或检查地址。Longshore 会继续尝试。',
    },
  },
  'net.proxy': {
    class: 'unreachable',
    en: {
      message: 'The proxy cannot be reached, or does not let Longshore through to this service.',
      hint: 'Check address, user name and password of the proxy in the settings. Longshore keeps trying.',
    },
    zh: {
      message: '无法连接代理，或代理不允许 Longshore 访问该服务。',
      hint: '请在设置中检查代理的地址、用户名和密码。Longshore 会继续尝试。',
    },
  },
  's3.bad-credentials': {
    class: 'permanent',
    en: {
      message: 'The service does not accept these credentials.',
      hint: 'Check access key and secret key of the destination, then retry.',
    },
    zh: { message: '服务不接受这些凭据。', hint: '请检查目标的访问密钥和私有密钥，然后重试。' },
  },
  's3.access-denied': {
    class: 'permanent',
    en: {
      message: 'The service does not allow this with these credentials.',
      hint: 'Give the key the right to read, write and list uploads under this prefix, then retry.',
    },
    zh: {
      message: '这些凭据没有执行此操作的权限。',
      hint: '请授予该密钥在此前缀下读取、写入和列出上传的权限，然后重试。',
    },
  },
  's3.no-such-bucket': {
    class: 'permanent',
    en: {
      message: 'The bucket does not exist.',
      hint: 'Create the bucket or correct its name in the destination, then retry.',
    },
    zh: { message: '存储桶不存在。', hint: '请创建存储桶或在目标中更正其名称，然后重试。' },
  },
  's3.clock-skew': {
    class: 'permanent',
    en: {
      message: 'The clock of this computer differs too much from that of the service.',
      hint: 'Set date and time of this computer (automatically, best), then retry.',
    },
    zh: { message: '本机时钟与服务相差太大。', hint: '请设置本机的日期和时间（最好自动设置），然后重试。' },
  },
  's3.wrong-region': {
    class: 'permanent',
    en: {
      message: 'The bucket is in another region.',
      hint: 'Correct the region (or endpoint) of the destination, then retry.',
    },
    zh: { message: '存储桶位于其他区域。', hint: '请更正目标的区域（或地址），然后重试。' },
  },
  's3.quota': {
    class: 'business',
    en: {
      message: 'The storage is full or its quota is used up.',
      hint: 'Free space or raise the quota there, then retry.',
    },
    zh: { message: '存储空间已满或配额已用尽。', hint: '请在服务端释放空间或提高配额，然后重试。' },
  },
  's3.slow-down': {
    class: 'transient',
    en: { message: 'The service asks to slow down.', hint: 'Longshore waits and tries again by itself.' },
    zh: { message: '服务要求放慢速度。', hint: 'Longshore 会等待并自动重试。' },
  },
  's3.server-error': {
    class: 'transient',
    en: { message: 'The service had an error of its own.', hint: 'Longshore tries again by itself.' },
    zh: { message: '服务自身出错。', hint: 'Longshore 会自动重试。' },
  },
  's3.busy': {
    class: 'transient',
    en: { message: 'Another write to the same object was under way.', hint: 'Longshore tries again by itself.' },
    zh: { message: '同一对象正在被另一写入操作占用。', hint: 'Longshore 会自动重试。' },
  },
  's3.no-such-upload': {
    class: 'transient',
    en: { message: 'The service no longer knows this multipart upload.', hint: 'Longshore starts the upload again.' },
    zh: { message: '服务已不认识此分段上传。', hint: 'Longshore 会重新开始上传。' },
  },
  's3.checksum-mismatch': {
    class: 'transient',
    en: { message: 'What arrived is not what was sent (checksum).', hint: 'Longshore sends it again.' },
    zh: { message: '到达的内容与发送的不一致（校验和）。', hint: 'Longshore 会重新发送。' },
  },
  's3.key-too-long': {
    class: 'permanent',
    en: {
      message: 'The name is too long for the storage: a key may have 1,024 bytes.',
      hint: 'Shorten the names of the file or its folders.',
    },
    zh: { message: '名称对存储来说太长：键最多 1,024 字节。', hint: '请缩短文件或其文件夹的名称。' },
  },
  's3.too-large': {
    class: 'permanent',
    en: {
      message: 'The file is larger than the service takes.',
      hint: 'Split the file, or use a service that takes it.',
    },
    zh: { message: '文件超过了服务允许的大小。', hint: '请拆分文件，或使用支持该大小的服务。' },
  },
  's3.not-supported': {
    class: 'permanent',
    en: {
      message: 'The service does not know a request that Longshore needs.',
      hint: 'Use a service that supports it; details are in the text of the service.',
    },
    zh: { message: '服务不支持 Longshore 所需的请求。', hint: '请使用支持该请求的服务；详情见服务返回的文字。' },
  },
  's3.precondition-failed': {
    class: 'transient',
    en: {
      message: 'The object changed in the storage while Longshore copied it.',
      hint: 'Longshore looks at it again by itself.',
    },
    zh: { message: '复制期间，存储中的对象发生了变化。', hint: 'Longshore 会自动重新检查。' },
  },
  's3.no-such-key': {
    class: 'permanent',
    en: {
      message: 'The object is no longer in the storage.',
      hint: 'If it was deleted there on purpose, nothing is to be done; else restore it there, then retry.',
    },
    zh: { message: '对象已不在存储中。', hint: '如果是有意删除的，则无需处理；否则请在服务端恢复它，然后重试。' },
  },
  's3.rejected': {
    class: 'permanent',
    en: { message: 'The service refused the request.', hint: "The service's own words are in the details." },
    zh: { message: '服务拒绝了请求。', hint: '服务的原文见详情。' },
  },
  'local.permission': {
    class: 'local',
    retry: false,
    en: { message: 'This file may not be read.', hint: 'Give yourself the right to read it, then retry.' },
    zh: { message: '没有读取此文件的权限。', hint: '请授予读取权限，然后重试。' },
  },
  'local.vanished': {
    class: 'local',
    retry: true,
    en: { message: 'The file is no longer there.', hint: 'If you moved or deleted it, nothing is to be done.' },
    zh: { message: '文件已不存在。', hint: '如果您移动或删除了它，则无需处理。' },
  },
  'local.changed': {
    class: 'local',
    retry: true,
    en: {
      message: 'The file changed while it was read.',
      hint: 'Longshore waits until it stands still and takes it then.',
    },
    zh: { message: '文件在读取期间发生了变化。', hint: 'Longshore 会等它稳定后再上传。' },
  },
  'local.locked': {
    class: 'local',
    retry: true,
    en: {
      message: 'Another program keeps this file locked.',
      hint: 'Close it in the other program. Longshore tries again.',
    },
    zh: { message: '另一程序锁定了此文件。', hint: '请在该程序中关闭它。Longshore 会重试。' },
  },
  'local.disk-full': {
    class: 'local',
    retry: true,
    en: { message: 'The disk of this computer is full.', hint: 'Free some space on it.' },
    zh: { message: '本机磁盘已满。', hint: '请在该磁盘上释放一些空间。' },
  },
  'local.io': {
    class: 'local',
    retry: true,
    en: {
      message: 'The disk reported an error.',
      hint: 'Check the disk or the connection to it. Longshore tries again.',
    },
    zh: { message: '磁盘报告了错误。', hint: '请检查磁盘或其连接。Longshore 会重试。' },
  },
  'local.not-a-file': {
    class: 'local',
    retry: false,
    en: {
      message: 'This is not a regular file (a socket, pipe or device).',
      hint: 'Longshore leaves it alone. Move it away if it disturbs.',
    },
    zh: { message: '这不是普通文件（套接字、管道或设备）。', hint: 'Longshore 不处理它。如有妨碍请移走。' },
  },
  'local.too-large': {
    class: 'local',
    retry: false,
    en: {
      message: 'The file is larger than this folder allows.',
      hint: 'Raise maxFileSize of the folder, or leave it.',
    },
    zh: { message: '文件大于此文件夹允许的大小。', hint: '请提高该文件夹的 maxFileSize，或不作处理。' },
  },
  'local.name-not-utf8': {
    class: 'local',
    retry: false,
    en: { message: 'The name of this file is not valid UTF-8.', hint: 'Rename the file.' },
    zh: { message: '文件名不是有效的 UTF-8。', hint: '请重命名该文件。' },
  },
  'local.name-collision': {
    class: 'local',
    retry: false,
    en: {
      message: 'Another file has the same name in the storage (names that differ only in their Unicode form).',
      hint: 'Rename one of them.',
    },
    zh: { message: '另一文件在存储中具有相同名称（仅 Unicode 形式不同）。', hint: '请重命名其中一个。' },
  },
  'local.unsafe-path': {
    class: 'local',
    retry: false,
    en: {
      message: 'This name can not be a file in the folder on this computer.',
      hint: 'The details say why: a link that leads out of the folder, or a name that the system does not allow. Rename it there or here, then retry.',
    },
    zh: {
      message: '此名称不能作为本机该文件夹中的文件。',
      hint: '原因见详情：指向文件夹之外的链接，或系统不允许的名称。请在本机或远程重命名，然后重试。',
    },
  },
  'local.trash-failed': {
    class: 'local',
    retry: true,
    en: {
      message: 'The trash of this computer did not take the file.',
      hint: 'The file stays where it is. Longshore tries again; the words of the system are in the details.',
    },
    zh: { message: '本机的回收站未能接收该文件。', hint: '文件保留在原处，Longshore 会重试；系统的原文见详情。' },
  },
  'local.archive-failed': {
    class: 'local',
    retry: true,
    en: {
      message: 'The file could not be moved into the archive.',
      hint: 'See that the archive (archivePath) is a folder that you may write to; the words of the system are in the details.',
    },
    zh: {
      message: '无法将该文件移入存档。',
      hint: '请确认存档目录（archivePath）是可写的文件夹；系统的原文见详情。',
    },
  },
  'folder.another-place': {
    class: 'permanent',
    en: {
      message: 'Since then the folder’s files go to another place in the storage.',
      hint: 'What the old place has stays there as it is; in the new one every file is judged afresh.',
    },
    zh: {
      message: '此后该文件夹的文件已改存到另一个位置。',
      hint: '原位置的内容保持不变；在新位置，每个文件都会重新判断。',
    },
  },
  'folder.not-configured': {
    class: 'permanent',
    en: {
      message: 'The configuration does not have this folder any more.',
      hint: 'Add the folder again, with the same name and destination.',
    },
    zh: { message: '配置中已没有该文件夹。', hint: '请用相同的名称和目标重新添加该文件夹。' },
  },
  'folder.missing': {
    class: 'local',
    retry: true,
    en: {
      message: 'The folder is not there.',
      hint: 'Connect the drive or restore the folder; nothing is deleted in the storage meanwhile.',
    },
    zh: { message: '文件夹不存在。', hint: '请连接驱动器或恢复文件夹；在此期间不会删除存储中的任何内容。' },
  },
  'folder.silent': {
    class: 'local',
    retry: true,
    en: {
      message: 'The drive of the folder does not answer.',
      hint: 'Check the drive and the network; nothing is deleted in the storage meanwhile, and the folder goes on by itself once the drive answers.',
    },
    zh: {
      message: '文件夹所在的驱动器没有响应。',
      hint: '请检查驱动器和网络；在此期间不会删除存储中的任何内容，驱动器恢复响应后文件夹会自动继续。',
    },
  },
  'folder.not-a-directory': {
    class: 'local',
    retry: true,
    en: {
      message: 'Something that is no folder stands in its place, a file say.',
      hint: 'Move it away and bring the folder back, or correct the path in the configuration; nothing is deleted in the storage meanwhile.',
    },
    zh: {
      message: '该位置上的不是文件夹（例如是一个文件）。',
      hint: '请移开它并恢复文件夹，或更正配置中的路径；在此期间不会删除存储中的任何内容。',
    },
  },
  'folder.no-permission': {
    class: 'local',
    retry: true,
    en: { message: 'The folder may not be read.', hint: 'Give yourself the right to read the folder.' },
    zh: { message: '没有读取该文件夹的权限。', hint: '请授予读取该文件夹的权限。' },
  },
  'folder.other-volume': {
    class: 'local',
    retry: true,
    en: {
      message: 'The folder is on another drive than before.',
      hint: 'Connect the usual drive. If you moved the folder on purpose, remove it in the configuration, start once, and add it again.',
    },
    zh: {
      message: '文件夹位于与之前不同的驱动器上。',
      hint: '请连接原来的驱动器。如果您有意移动了文件夹，请先从配置中移除并启动一次，再重新添加。',
    },
  },
  'folder.marker-missing': {
    class: 'local',
    retry: true,
    en: {
      message: 'This does not look like the folder that was mirrored here: its marker file is missing or another.',
      hint: 'Connect the usual drive. If it is the right folder, say so: longshore folder adopt NAME. Nothing is deleted.',
    },
    zh: {
      message: '这里看起来不是原来镜像的文件夹：标记文件缺失或不同。',
      hint: '请连接原来的驱动器。如果确实是正确的文件夹，请运行：longshore folder adopt 名称。不会删除任何内容。',
    },
  },
  'folder.overlap': {
    class: 'local',
    retry: false,
    en: {
      message: 'Two folders would share the same place in the storage.',
      hint: 'Give one of them another prefix in the configuration.',
    },
    zh: { message: '两个文件夹会共用存储中的同一位置。', hint: '请在配置中为其中一个设置不同的前缀。' },
  },
  'conflict.exists': {
    class: 'conflict',
    en: {
      message: 'The storage already has another file of this name.',
      hint: 'Choose: keep yours, keep the other, or keep both.',
    },
    zh: { message: '存储中已有另一个同名文件。', hint: '请选择：保留本地、保留远程，或两者都保留。' },
  },
  'conflict.changed': {
    class: 'conflict',
    en: {
      message: 'The file was changed in the storage since Longshore last saw it.',
      hint: 'Choose: keep yours, keep the other, or keep both.',
    },
    zh: { message: '自上次同步后，存储中的文件已被更改。', hint: '请选择：保留本地、保留远程，或两者都保留。' },
  },
  'conflict.deleted': {
    class: 'conflict',
    en: {
      message: 'The file was deleted in the storage since Longshore last saw it.',
      hint: 'Choose: keep yours (it is uploaded again) or keep the other (it stays deleted).',
    },
    zh: {
      message: '自上次同步后，存储中的文件已被删除。',
      hint: '请选择：保留本地（重新上传）或保留远程（保持删除）。',
    },
  },
  'undo.overtaken': {
    class: 'permanent',
    en: {
      message: 'The storage has a newer version by now, so the old one was not brought back.',
      hint: 'Look at what is there now. To bring the old version back all the same, wait until Longshore has seen the new one, then undo again.',
    },
    zh: {
      message: '存储中已有更新的版本，因此没有恢复旧版本。',
      hint: '请先查看当前内容。如仍要恢复旧版本，请等 Longshore 看到新版本后再次撤销。',
    },
  },
  'undo.version-gone': {
    class: 'permanent',
    en: {
      message: 'The storage does not have the old version any more.',
      hint: 'Old versions go when the bucket’s rules say so; nothing can bring this one back. What is there now stays.',
    },
    zh: { message: '存储中已没有该旧版本。', hint: '旧版本按存储桶的规则删除，无法恢复；当前内容保持不变。' },
  },
  'conflict.record': {
    class: 'conflict',
    en: {
      message: 'The record is no longer in the version that this call was made for.',
      hint: 'Choose: keep yours (it is sent over the present version) or keep the other.',
    },
    zh: { message: '记录已不是此调用所针对的版本。', hint: '请选择：保留本地（覆盖当前版本）或保留远程。' },
  },
  'call.rejected': {
    class: 'business',
    en: {
      message: 'The service refused the call.',
      hint: "Read the service's own words, mend the call, and queue it again.",
    },
    zh: { message: '服务拒绝了该调用。', hint: '请阅读服务的原文，修正后重新提交。' },
  },
  'call.unauthorized': {
    class: 'permanent',
    en: {
      message: 'The service does not accept the credentials of this call.',
      hint: 'Check the auth of the provider, then retry.',
    },
    zh: { message: '服务不接受此调用的凭据。', hint: '请检查提供方的认证配置，然后重试。' },
  },
  'call.not-found': {
    class: 'permanent',
    en: { message: 'The service does not know this address.', hint: 'Check the URL, then queue the call again.' },
    zh: { message: '服务不认识此地址。', hint: '请检查 URL，然后重新提交。' },
  },
  'call.rate-limited': {
    class: 'transient',
    en: { message: 'The service asks for fewer calls.', hint: 'Longshore waits and tries again by itself.' },
    zh: { message: '服务要求减少调用。', hint: 'Longshore 会等待并自动重试。' },
  },
  'call.server-error': {
    class: 'transient',
    en: { message: 'The service had an error of its own.', hint: 'Longshore tries again by itself.' },
    zh: { message: '服务自身出错。', hint: 'Longshore 会自动重试。' },
  },
  'call.in-progress': {
    class: 'transient',
    en: { message: 'An earlier attempt of this call is still in progress there.', hint: 'Longshore asks again later.' },
    zh: { message: '该调用的先前尝试仍在处理中。', hint: 'Longshore 稍后会再次询问。' },
  },
  'call.redirected': {
    class: 'permanent',
    en: {
      message: 'The service sends this call to another address.',
      hint: 'Use the new address, shown in the details.',
    },
    zh: { message: '服务将此调用重定向到另一地址。', hint: '请使用详情中显示的新地址。' },
  },
  'call.outcome-unknown': {
    class: 'permanent',
    en: {
      message: 'The call was sent but no answer came, and repeating it might do it twice.',
      hint: 'Look at the service. If it was not done, use "retry --new-key"; else cancel.',
    },
    zh: {
      message: '调用已发送但没有收到应答，重复发送可能会执行两次。',
      hint: '请到服务端查看。如果未执行，使用 “retry --new-key”；否则取消。',
    },
  },
  'config.destination-missing': {
    class: 'permanent',
    en: {
      message: 'The destination of this item is not in the configuration (any more).',
      hint: 'Add the destination again, or cancel the item.',
    },
    zh: { message: '此项的目标已不在配置中。', hint: '请重新添加该目标，或取消此项。' },
  },
  'config.provider-missing': {
    class: 'permanent',
    en: {
      message: 'The provider of this call is not in the configuration (any more).',
      hint: 'Add the provider again, or cancel the call.',
    },
    zh: { message: '此调用的提供方已不在配置中。', hint: '请重新添加该提供方，或取消调用。' },
  },
  'config.secret-missing': {
    class: 'permanent',
    en: {
      message: 'A secret that is needed has no value, or one that can’t be right.',
      hint: 'Store it with "longshore secret set NAME", then retry.',
    },
    zh: { message: '所需的密钥没有值，或其值不正确。', hint: '请用 “longshore secret set NAME” 保存，然后重试。' },
  },
  'config.credentials-missing': {
    class: 'permanent',
    en: {
      message: 'The credentials of this destination could not be found on this computer.',
      hint: 'The details say what is missing and where it was looked for. Set it, or log in again, then retry; environment variables are read when Longshore starts.',
    },
    zh: {
      message: '在本机上找不到此目标的凭据。',
      hint: '详情说明缺少什么以及查找的位置。请补上或重新登录，然后重试；环境变量在 Longshore 启动时读取。',
    },
  },
  'internal.crash-loop': {
    class: 'internal',
    retry: false,
    en: {
      message: 'Longshore stopped three times in a row while it worked on this item.',
      hint: 'Please report it with the diagnostics; you may retry it.',
    },
    zh: { message: 'Longshore 连续三次在处理此项时停止。', hint: '请附上诊断信息反馈；您可以重试。' },
  },
  'internal.timeout': {
    class: 'transient',
    en: { message: 'This attempt took longer than it may.', hint: 'Longshore tries again by itself.' },
    zh: { message: '此次尝试超出了允许的时间。', hint: 'Longshore 会自动重试。' },
  },
  'internal.unknown': {
    class: 'internal',
    retry: true,
    en: {
      message: 'Something unexpected went wrong.',
      hint: 'Longshore tries three times; the original text is in the details.',
    },
    zh: { message: '发生了意外错误。', hint: 'Longshore 最多尝试三次；原文见详情。' },
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, text);
}

export function errorEntry(code: ErrorCode): ErrorEntry {
  return ERROR_TABLE[code];
}
