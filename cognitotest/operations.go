package cognitotest

// management are the operations about accounts and the pool itself, those of signing in apart.
var management = map[string]handler{
	"ForgotPassword":                   unsigned((*pool).forgotPassword),
	"ConfirmForgotPassword":            unsigned((*pool).confirmForgotPassword),
	"ChangePassword":                   unsigned((*pool).changePassword),
	"UpdateUserAttributes":             unsigned((*pool).updateUserAttributes),
	"DeleteUserAttributes":             unsigned((*pool).deleteUserAttributes),
	"GetUserAttributeVerificationCode": unsigned((*pool).getUserAttributeVerificationCode),
	"VerifyUserAttribute":              unsigned((*pool).verifyUserAttribute),
	"DeleteUser":                       unsigned((*pool).deleteUser),

	"AdminCreateUser":           signed((*pool).adminCreateUser),
	"AdminConfirmSignUp":        signed((*pool).adminConfirmSignUp),
	"AdminDeleteUser":           signed((*pool).adminDeleteUser),
	"AdminUpdateUserAttributes": signed((*pool).adminUpdateUserAttributes),
	"AdminDeleteUserAttributes": signed((*pool).adminDeleteUserAttributes),
	"AdminResetUserPassword":    signed((*pool).adminResetUserPassword),
	"AdminSetUserPassword":      signed((*pool).adminSetUserPassword),
	"AdminEnableUser":           signed((*pool).adminEnableUser),
	"AdminDisableUser":          signed((*pool).adminDisableUser),
	"AdminUserGlobalSignOut":    signed((*pool).adminUserGlobalSignOut),
	"ListUsers":                 signed((*pool).listUsers),

	"CreateGroup":              signed((*pool).createGroup),
	"GetGroup":                 signed((*pool).getGroup),
	"UpdateGroup":              signed((*pool).updateGroup),
	"DeleteGroup":              signed((*pool).deleteGroup),
	"ListGroups":               signed((*pool).listGroups),
	"ListUsersInGroup":         signed((*pool).listUsersInGroup),
	"AdminAddUserToGroup":      signed((*pool).adminAddUserToGroup),
	"AdminRemoveUserFromGroup": signed((*pool).adminRemoveUserFromGroup),
	"AdminListGroupsForUser":   signed((*pool).adminListGroupsForUser),
}
