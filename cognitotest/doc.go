// Package cognitotest is an Amazon Cognito user pool in the same process, for tests, as net/http/httptest is for
// servers:
//
//	srv := cognitotest.NewServer(cognitotest.Config{})
//	defer srv.Close()
//	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})
//
//	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL))
//	err = c.ForUser("bob").Authenticate(ctx, "Correct-Horse-1")
//
// It speaks the service's own protocol over HTTP, so that any client can sign in to it: this module's, an AWS SDK
// with its endpoint set, or those of other languages.
//
// It is strict. The server half of SRP is real, and passwords are kept as SRP verifiers only. Secret hashes, flow
// gates of app clients, sessions, code expiry, attempt limits, lock-out, token revocation, refresh-token rotation
// and PreventUserExistenceErrors are enforced, with the service's types and texts of errors. Signed operations
// that come unsigned are refused; signatures themselves are not checked.
//
// It knows these operations: SignUp, ConfirmSignUp, ResendConfirmationCode, InitiateAuth (USER_SRP_AUTH,
// USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH), RespondToAuthChallenge (PASSWORD_VERIFIER, NEW_PASSWORD_REQUIRED),
// GetTokensFromRefreshToken, RevokeToken and GlobalSignOut; of accounts GetUser, DeleteUser, ForgotPassword,
// ConfirmForgotPassword, ChangePassword, UpdateUserAttributes, DeleteUserAttributes,
// GetUserAttributeVerificationCode and VerifyUserAttribute; of administrators AdminCreateUser, AdminConfirmSignUp,
// AdminGetUser, AdminDeleteUser, AdminUpdateUserAttributes, AdminDeleteUserAttributes, AdminResetUserPassword,
// AdminSetUserPassword, AdminEnableUser, AdminDisableUser, AdminUserGlobalSignOut and ListUsers; of groups
// CreateGroup, GetGroup, UpdateGroup, DeleteGroup, ListGroups, ListUsersInGroup, AdminAddUserToGroup,
// AdminRemoveUserFromGroup and AdminListGroupsForUser; of identity providers and app clients Create…, Describe…,
// Update…, Delete… and List…; and DescribeUserPool. It does not know MFA, devices, custom challenges, passkeys or
// Lambda functions yet; another operation of the service is answered with an error that names it.
//
// Nothing is sent: codes and temporary passwords are in [Server.Code] and [Server.Messages].
//
// Its clock is [Server.Now]; [Server.Advance] moves it. A client that checks expiry should be given that clock.
//
// It is for tests and local development only. It keeps everything in memory, records requests with the passwords
// in them, and has no protection against its users.
package cognitotest
