"""What the operations of the Microsoft 365 unified audit log are in our words. Only tables; never a judgement."""

from __future__ import annotations

from typing import Final

SENDING: Final = {
    "Send": "email-sent",
    "SendAs": "email-sent-as",
    "SendOnBehalf": "email-sent-on-behalf",
}

_GROUPS: Final = {
    "mailbox-accessed": "MailItemsAccessed MessageBind FolderBind",
    "mailbox-login": "MailboxLogin",
    "mailbox-item-created": "Create",
    "mailbox-item-changed": "Update RecordDelete UpdateCalendarDelegation ApplyRecord",
    "mailbox-item-deleted": "SoftDelete HardDelete MoveToDeletedItems",
    "mailbox-item-moved": "Move",
    "mailbox-item-copied": "Copy",
    "mailbox-permission-granted": "Add-MailboxPermission Add-RecipientPermission Add-MailboxFolderPermission"
    " Set-MailboxFolderPermission AddFolderPermissions ModifyFolderPermissions UpdateFolderPermissions"
    " Add-ADPermission",
    "mailbox-permission-removed": "Remove-MailboxPermission Remove-RecipientPermission"
    " Remove-MailboxFolderPermission RemoveFolderPermissions Remove-ADPermission",
    "mailbox-changed": "Set-Mailbox Set-CASMailbox New-Mailbox Remove-Mailbox Set-MailboxAutoReplyConfiguration",
    "email-rule-created": "New-InboxRule New-TransportRule",
    "email-rule-changed": "Set-InboxRule UpdateInboxRules Set-TransportRule Enable-InboxRule Enable-TransportRule",
    "email-rule-removed": "Remove-InboxRule Disable-InboxRule Remove-TransportRule Disable-TransportRule",
    "file-accessed": "FileAccessed FileAccessedExtended FilePreviewed PageViewed PageViewedExtended",
    "file-downloaded": "FileDownloaded FileSyncDownloadedFull FileSyncDownloadedPartial",
    "file-changed": "FileModified FileModifiedExtended FileUploaded FileRenamed FileMoved FileCopied"
    " FileSyncUploadedFull FileSyncUploadedPartial FileCheckedIn FileCheckedOut FolderCreated FolderModified"
    " FolderRenamed FolderMoved FolderCopied",
    "file-deleted": "FileDeleted FileRecycled FileDeletedFirstStageRecycleBin FileDeletedSecondStageRecycleBin"
    " FolderDeleted FolderRecycled",
    "file-shared": "SharingSet SharingInvitationCreated SharingInvitationAccepted AnonymousLinkCreated"
    " AnonymousLinkUpdated AnonymousLinkUsed SecureLinkCreated SecureLinkUsed CompanyLinkCreated CompanyLinkUsed"
    " AddedToSecureLink AddedToSharingLink SharingLinkCreated",
    "login": "UserLoggedIn",
    "login-failed": "UserLoginFailed",
    "search": "SearchQueryPerformed SearchQueryInitiatedExchange SearchQueryInitiatedSharePoint SearchStarted"
    " SearchCreated SearchExported SearchPreviewed ViewedSearchPreviewed",
}
ACTIONS: Final = {
    operation: action for action, operations in _GROUPS.items() for operation in operations.split()
}

# Parameters that make mail go on to somebody, as inbox rules, transport rules and mailboxes have them.
FORWARDING: Final = (
    "ForwardTo",
    "ForwardAsAttachmentTo",
    "RedirectTo",
    "RedirectMessageTo",
    "BlindCopyTo",
    "CopyTo",
    "AddToRecipients",
    "ForwardingSmtpAddress",
    "ForwardingAddress",
)
FORWARDS: Final = {
    "email-rule-created": "email-forward-rule-created",
    "email-rule-changed": "email-forward-rule-changed",
    "mailbox-changed": "email-forwarding-set",
}
ADMINISTRATION: Final = frozenset(
    operation
    for operation, action in ACTIONS.items()
    if action in FORWARDS or action.startswith(("mailbox-permission", "email-rule"))
)
