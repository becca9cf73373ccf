// Package cognitotest provides an Amazon Cognito user pool in the same process, for tests, as
// net/http/httptest does for servers:
//
//	srv := cognitotest.NewServer(cognitotest.Config{})
//	defer srv.Close()
//	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})
//
//	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL))
//	err = c.ForUser("bob").Authenticate(ctx, "Correct-Horse-1")
//
// In a test, [Server.Client] makes such a client.
//
// The server speaks the service's protocol over HTTP. Any client can sign in to it: this module's,
// an AWS SDK, or clients in other languages. For the AWS SDK for Go, set BaseEndpoint to
// [Server.URL], and set any region and any static credentials.
//
// A server starts within milliseconds, so that each test can have its own.
//
// # Strictness
//
// The server implements its half of SRP, for users and devices, and keeps passwords as SRP
// verifiers only. It enforces these rules, with the service's error types and messages:
//
//   - secret hashes, the flows that an app client allows, and PreventUserExistenceErrors;
//   - sessions, which can be used once, for a limited time, and for one user, app client, challenge
//     and kind of operation;
//   - codes of software tokens, which can be used once and may be one step early or late;
//   - the expiry of other codes, limits on attempts, and lockouts;
//   - signatures of passkeys;
//   - the revocation of tokens, and the rotation of refresh tokens.
//
// It checks the members of each request as the service's model defines them. It rejects unsigned
// requests for operations that must be signed, but does not check the signatures.
//
// # Operations
//
// The server supports these operations:
//
//   - sign-up: SignUp, ConfirmSignUp and ResendConfirmationCode;
//   - sign-in: InitiateAuth and RespondToAuthChallenge, and the Admin forms of both, with all flows
//     and with all challenges except ADMIN_NO_SRP_AUTH; [Config] determines which challenges a user
//     gets;
//   - tokens: GetTokensFromRefreshToken, RevokeToken, GlobalSignOut and GetClientToken;
//   - second factors: AssociateSoftwareToken, VerifySoftwareToken, SetUserMFAPreference and
//     GetUserAuthFactors, the Admin forms of the last two, and AdminDeleteSoftwareToken;
//   - devices: ConfirmDevice, GetDevice, ListDevices, UpdateDeviceStatus and ForgetDevice, and the
//     Admin forms of all but ConfirmDevice;
//   - passkeys: StartWebAuthnRegistration, CompleteWebAuthnRegistration, ListWebAuthnCredentials
//     and DeleteWebAuthnCredential; a [Passkey] is an authenticator for tests;
//   - accounts: GetUser, DeleteUser, ForgotPassword, ConfirmForgotPassword, ChangePassword,
//     UpdateUserAttributes, DeleteUserAttributes, GetUserAttributeVerificationCode and
//     VerifyUserAttribute;
//   - users: AdminCreateUser, AdminConfirmSignUp, AdminGetUser, AdminDeleteUser,
//     AdminUpdateUserAttributes, AdminDeleteUserAttributes, AdminResetUserPassword,
//     AdminSetUserPassword, AdminEnableUser, AdminDisableUser, AdminUserGlobalSignOut,
//     AdminLinkProviderForUser, AdminDisableProviderForUser and ListUsers;
//   - threat protection: AdminListUserAuthEvents, AdminUpdateAuthEventFeedback and
//     UpdateAuthEventFeedback;
//   - groups: CreateGroup, GetGroup, UpdateGroup, DeleteGroup, ListGroups, ListUsersInGroup,
//     AdminAddUserToGroup, AdminRemoveUserFromGroup and AdminListGroupsForUser;
//   - pools: CreateUserPool, DescribeUserPool, UpdateUserPool, DeleteUserPool and ListUserPools;
//     the same for app clients, identity providers and resource servers, and, without a list, for
//     domains; AddUserPoolClientSecret, ListUserPoolClientSecrets, DeleteUserPoolClientSecret,
//     GetUserPoolMfaConfig, SetUserPoolMfaConfig, AddCustomAttributes, TagResource, UntagResource
//     and ListTagsForResource.
//
// Any other operation returns an error that names it.
//
// A server starts with the pool of its [Config]. CreateUserPool adds pools. A request reaches its
// pool through its UserPoolId, ClientId, AccessToken or Session. Settings that this package does
// not implement, such as the texts of messages, are stored and described.
//
// # Authorization server
//
// The server is also the pool's authorization server, with [Server.URL] as its domain. It serves
// /oauth2/authorize and /login with a small sign-in form, /oauth2/token (authorization codes with
// PKCE, refresh tokens and client credentials), /oauth2/userInfo, /oauth2/revoke, /logout and the
// OpenID discovery document. [Client] sets which flows, scopes and redirect URIs an app client may
// use. [Server.Authorize] signs a user in without the form. A request belongs to the pool of its
// app client or token. If its host is the domain of a pool, such as my-app.localhost for the prefix
// my-app, it belongs to that pool alone.
//
// # Triggers, messages and time
//
// [Triggers] replace Lambda functions; [Config.TriggerURLs] does so for functions in other
// languages.
//
// The server sends no messages. Codes and temporary passwords are in [Server.Code] and
// [Server.Messages], and [Config.OnMessage] is called for each message.
//
// The server's clock is [Server.Now], and [Server.Advance] moves it. Give that clock to clients
// that check the expiry of tokens; [Server.Options] does so.
//
// [Config.Addr] makes the server listen where front ends and programs in other languages expect it.
// Web pages of any origin may call it.
//
// # Limits
//
// The server is for tests and local development only. It keeps everything in memory, records
// requests including their passwords, and has no protection against its users.
package cognitotest
