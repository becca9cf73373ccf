package cognito_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gocognito/cognito"
)

// last is the error of a list.
func last[T any](list func(func(T, error) bool)) error {
	var last error
	for _, err := range list {
		last = err
	}
	return last
}

var adminRequests = []request{
	{"AdminConfirmSignUp", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminConfirmSignUp(ctx, "eve", cognito.ClientMetadata{"k": "v"})
	}, "AdminConfirmSignUp", kindAdmin, m{"Username": "eve", "ClientMetadata": m{"k": "v"}}},
	{"AdminUpdateProfile", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AdminUpdateProfile(ctx, "carol", cognito.Attributes{"first": "C", "email_verified": "true"},
			cognito.AttributeMap{"given_name": "first"}, cognito.ClientMetadata{"k": "v"}))
	}, "AdminUpdateUserAttributes", kindAdmin, m{
		"Username": "carol", "UserAttributes": []any{pair("email_verified", "true"), pair("given_name", "C")}, "ClientMetadata": m{"k": "v"},
	}},
	{"AdminDeleteAttributes", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminDeleteAttributes(ctx, "carol", "given_name")
	}, "AdminDeleteUserAttributes", kindAdmin, m{"Username": "carol", "UserAttributeNames": []any{"given_name"}}},
	{"AdminResetPassword", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminResetPassword(ctx, "carol", cognito.ClientMetadata{"k": "v"})
	}, "AdminResetUserPassword", kindAdmin, m{"Username": "carol", "ClientMetadata": m{"k": "v"}}},
	{"AdminSetPassword", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminSetPassword(ctx, "carol", "Another-Horse-2", true)
	}, "AdminSetUserPassword", kindAdmin, m{"Username": "carol", "Password": "Another-Horse-2", "Permanent": true}},
	{"AdminCreateUser", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AdminCreateUser(ctx, "dave", nil))
	}, "AdminCreateUser", kindAdmin, m{"Username": "dave"}},
	{"AdminCreateUser with everything", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AdminCreateUser(ctx, "dave", cognito.Attributes{"first": "D", "email": "d@example.com"},
			cognito.TemporaryPassword("Temporary-Horse-1"), cognito.MessageAction(types.MessageActionTypeSuppress),
			cognito.DeliveryMediums(types.DeliveryMediumTypeEmail), cognito.AttributeMap{"given_name": "first"},
			cognito.ClientMetadata{"k": "v"}, cognito.ValidationData{"w": "x"}, cognito.ForceAliasCreation()))
	}, "AdminCreateUser", kindAdmin, m{
		"ForceAliasCreation": true,
		"Username":           "dave", "UserAttributes": []any{pair("email", "d@example.com"), pair("given_name", "D")},
		"TemporaryPassword": "Temporary-Horse-1", "MessageAction": "SUPPRESS", "DesiredDeliveryMediums": []any{"EMAIL"},
		"ClientMetadata": m{"k": "v"}, "ValidationData": []any{pair("w", "x")},
	}},
	{
		"AdminDeleteUser", func(ctx context.Context, c *cognito.Cognito) error { return c.AdminDeleteUser(ctx, "carol") },
		"AdminDeleteUser", kindAdmin,
		m{"Username": "carol"},
	},
	{
		"AdminEnableUser", func(ctx context.Context, c *cognito.Cognito) error { return c.AdminEnableUser(ctx, "carol") },
		"AdminEnableUser", kindAdmin,
		m{"Username": "carol"},
	},
	{
		"AdminDisableUser", func(ctx context.Context, c *cognito.Cognito) error { return c.AdminDisableUser(ctx, "carol") },
		"AdminDisableUser", kindAdmin,
		m{"Username": "carol"},
	},
	{
		"AdminSignOut", func(ctx context.Context, c *cognito.Cognito) error { return c.AdminSignOut(ctx, "carol") },
		"AdminUserGlobalSignOut", kindAdmin,
		m{"Username": "carol"},
	},
	{
		"AdminGetUser", func(ctx context.Context, c *cognito.Cognito) error { return err1(c.AdminGetUser(ctx, "carol")) },
		"AdminGetUser", kindAdmin,
		m{"Username": "carol"},
	},
	{"User.AdminSave", func(ctx context.Context, c *cognito.Cognito) error {
		u := c.UserFromAttributes("carol", nil)
		u.Attributes["name"] = "Carol"
		return err1(u.AdminSave(ctx))
	}, "AdminUpdateUserAttributes", kindAdmin, m{"Username": "carol", "UserAttributes": []any{pair("name", "Carol")}}},
	{"User.AdminDelete", func(ctx context.Context, c *cognito.Cognito) error {
		return c.UserFromAttributes("carol", nil).AdminDelete(ctx)
	}, "AdminDeleteUser", kindAdmin, m{"Username": "carol"}},
	{"GetUsers", func(ctx context.Context, c *cognito.Cognito) error { return err1(c.GetUsers(ctx)) }, "ListUsers", kindAdmin, m{}},
	{"Users", func(ctx context.Context, c *cognito.Cognito) error {
		return last(c.Users(ctx, cognito.PageSize(20), cognito.FilterPrefix("email", "carol"), cognito.SelectAttributes("sub", "email")))
	}, "ListUsers", kindAdmin, m{"Limit": 20.0, "Filter": `email ^= "carol"`, "AttributesToGet": []any{"sub", "email"}}},
	{"Users, limited", func(ctx context.Context, c *cognito.Cognito) error {
		return last(c.Users(ctx, cognito.Limit(1), cognito.FilterEquals("status", "Enabled")))
	}, "ListUsers", kindAdmin, m{"Limit": 1.0, "Filter": `status = "Enabled"`}},
	{
		"GetGroup", func(ctx context.Context, c *cognito.Cognito) error { return err1(c.GetGroup(ctx, "readers")) },
		"GetGroup", kindAdmin,
		m{"GroupName": "readers"},
	},
	{"CreateGroup", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.CreateGroup(ctx, cognito.Group{Name: "writers"}))
	}, "CreateGroup", kindAdmin, m{"GroupName": "writers"}},
	{"CreateGroup with everything", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.CreateGroup(ctx, cognito.Group{Name: "writers", Description: "d", RoleARN: testRole, Precedence: aws.Int32(0)}))
	}, "CreateGroup", kindAdmin, m{"GroupName": "writers", "Description": "d", "RoleArn": testRole, "Precedence": 0.0}},
	{"UpdateGroup", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.UpdateGroup(ctx, cognito.Group{Name: "readers", Precedence: aws.Int32(7)}))
	}, "UpdateGroup", kindAdmin, m{"GroupName": "readers", "Description": "", "Precedence": 7.0}},
	{
		"DeleteGroup", func(ctx context.Context, c *cognito.Cognito) error { return c.DeleteGroup(ctx, "readers") },
		"DeleteGroup", kindAdmin,
		m{"GroupName": "readers"},
	},
	{"GetGroups", func(ctx context.Context, c *cognito.Cognito) error { return err1(c.GetGroups(ctx)) }, "ListGroups", kindAdmin, m{}},
	{
		"Groups", func(ctx context.Context, c *cognito.Cognito) error { return last(c.Groups(ctx, cognito.PageSize(5))) },
		"ListGroups", kindAdmin,
		m{"Limit": 5.0},
	},
	{"AdminAddUserToGroup", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminAddUserToGroup(ctx, "carol", "readers")
	}, "AdminAddUserToGroup", kindAdmin, m{"Username": "carol", "GroupName": "readers"}},
	{"AdminRemoveUserFromGroup", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminRemoveUserFromGroup(ctx, "carol", "readers")
	}, "AdminRemoveUserFromGroup", kindAdmin, m{"Username": "carol", "GroupName": "readers"}},
	{"AdminListGroupsForUser", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AdminListGroupsForUser(ctx, "carol"))
	}, "AdminListGroupsForUser", kindAdmin, m{"Username": "carol"}},
	{"GroupsForUser", func(ctx context.Context, c *cognito.Cognito) error {
		return last(c.GroupsForUser(ctx, "carol", cognito.PageSize(5)))
	}, "AdminListGroupsForUser", kindAdmin, m{"Username": "carol", "Limit": 5.0}},
	{"UsersInGroup", func(ctx context.Context, c *cognito.Cognito) error {
		return last(c.UsersInGroup(ctx, "readers", cognito.PageSize(5)))
	}, "ListUsersInGroup", kindAdmin, m{"GroupName": "readers", "Limit": 5.0}},
	{"AdminDeleteSoftwareToken", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminDeleteSoftwareToken(ctx, "totp")
	}, "AdminDeleteSoftwareToken", kindAdmin, m{"Username": "totp"}},
	{"AdminGetUserAuthFactors", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AdminGetUserAuthFactors(ctx, "carol"))
	}, "AdminGetUserAuthFactors", kindAdmin, m{"Username": "carol"}},
}

const testRole = "arn:aws:iam::123456789012:role/readers"

// The pool has the provider Okta for these.
func TestRequestsOfProviders(t *testing.T) {
	t.Parallel()
	testRequests(t, providerRequests)
}

func TestRequestsOfAdministrators(t *testing.T) {
	t.Parallel()
	testRequests(t, adminRequests)
}

var providerRequests = []request{
	{"AdminCreateIdentityProvider", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AdminCreateIdentityProvider(ctx, cognito.IdentityProvider{
			Name: "Corp", Type: types.IdentityProviderTypeTypeOidc, Details: map[string]string{"client_id": "x", "client_secret": "y"},
			AttributeMapping: map[string]string{"email": "mail"}, Identifiers: []string{"corp.example.com"},
		}))
	}, "CreateIdentityProvider", kindAdmin, m{
		"ProviderName": "Corp", "ProviderType": "OIDC", "ProviderDetails": m{"client_id": "x", "client_secret": "y"},
		"AttributeMapping": m{"email": "mail"}, "IdpIdentifiers": []any{"corp.example.com"},
	}},
	{"AdminDescribeIdentityProvider", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AdminDescribeIdentityProvider(ctx, "Okta"))
	}, "DescribeIdentityProvider", kindAdmin, m{"ProviderName": "Okta"}},
	{"AdminDeleteIdentityProvider", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminDeleteIdentityProvider(ctx, "Okta")
	}, "DeleteIdentityProvider", kindAdmin, m{"ProviderName": "Okta"}},
	{"IdentityProviders", func(ctx context.Context, c *cognito.Cognito) error {
		return last(c.IdentityProviders(ctx, cognito.PageSize(5)))
	}, "ListIdentityProviders", kindAdmin, m{"MaxResults": 5.0}},
	{"DescribeUserPoolClient", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.DescribeUserPoolClient(ctx, testClient))
	}, "DescribeUserPoolClient", kindAdmin, m{"ClientId": testClient}},
	{"AddUserPoolClientSecret", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AddUserPoolClientSecret(ctx, testClient, "a_secret+of24characters1"))
	}, "AddUserPoolClientSecret", kindAdmin, m{"ClientId": testClient, "ClientSecret": "a_secret+of24characters1"}},
	{"AddUserPoolClientSecret, any", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AddUserPoolClientSecret(ctx, testClient, ""))
	}, "AddUserPoolClientSecret", kindAdmin, m{"ClientId": testClient}},
	{"ListUserPoolClientSecrets", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.ListUserPoolClientSecrets(ctx, testClient))
	}, "ListUserPoolClientSecrets", kindAdmin, m{"ClientId": testClient}},
	{"DeleteUserPoolClientSecret", func(ctx context.Context, c *cognito.Cognito) error {
		return c.DeleteUserPoolClientSecret(ctx, testClient, "id")
	}, "DeleteUserPoolClientSecret", kindAdmin, m{"ClientId": testClient, "ClientSecretId": "id"}},
	{"UserPoolClients", func(ctx context.Context, c *cognito.Cognito) error {
		return last(c.UserPoolClients(ctx, cognito.PageSize(5)))
	}, "ListUserPoolClients", kindAdmin, m{"MaxResults": 5.0}},
	{"AdminUpdateIdentityProvider", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AdminUpdateIdentityProvider(ctx, "Okta", func(*cognito.IdentityProvider) {}))
	}, "UpdateIdentityProvider", kindAdmin, nil},
	{"AdminUpdateUserPoolClient", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.AdminUpdateUserPoolClient(ctx, testClient, func(*cognito.UserPoolClient) {}))
	}, "UpdateUserPoolClient", kindAdmin, nil},
	{"AdminListUserAuthEvents", func(ctx context.Context, c *cognito.Cognito) error {
		return last(c.AdminListUserAuthEvents(ctx, "carol", cognito.PageSize(5)))
	}, "AdminListUserAuthEvents", kindAdmin, m{"Username": "carol", "MaxResults": 5.0}},
	{"AdminUpdateAuthEventFeedback", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminUpdateAuthEventFeedback(ctx, "carol", "event", cognito.FeedbackInvalid)
	}, "AdminUpdateAuthEventFeedback", kindAdmin, m{"Username": "carol", "EventId": "event", "FeedbackValue": "Invalid"}},
	{"AdminLinkProviderForUser", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminLinkProviderForUser(ctx, cognito.LocalUser("carol"), cognito.FederatedUserByAttribute("Okta", "email", "c@example.com"))
	}, "AdminLinkProviderForUser", kindAdmin, m{
		"DestinationUser": m{"ProviderName": "Cognito", "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "carol"},
		"SourceUser":      m{"ProviderName": "Okta", "ProviderAttributeName": "email", "ProviderAttributeValue": "c@example.com"},
	}},
	{"AdminDisableProviderForUser", func(ctx context.Context, c *cognito.Cognito) error {
		return c.AdminDisableProviderForUser(ctx, cognito.LocalUser("carol"))
	}, "AdminDisableProviderForUser", kindAdmin, m{
		"User": m{"ProviderName": "Cognito", "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "carol"},
	}},
}
