package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// IdentityProvider is a service elsewhere that the pool's users may sign in with. Printed or logged it shows its name
// and type; its Details hold a secret. It is not marshalled with them either.
type IdentityProvider struct {
	// Name identifies the provider in the pool. It cannot be changed, nor can Type.
	Name string
	// Type is SAML, OIDC, Google and so on.
	Type types.IdentityProviderTypeType
	// Details are what the pool must know of the provider: client_id, client_secret, authorize_scopes, MetadataURL and
	// so on, by Type. The service adds some of its own; it never returns the private_key of SignInWithApple.
	Details map[string]string `json:"-"`
	// AttributeMapping says which attribute of a user is set from which of the provider's: {"email": "mail"}.
	AttributeMapping map[string]string
	// Identifiers are further names that users may be sent to the provider by.
	Identifiers []string
	// Created and Modified are when the provider was made and last changed.
	Created, Modified time.Time
}

// Format prints the provider's name and type, whatever the verb.
func (p IdentityProvider) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "IdentityProvider{"+p.Name+", "+string(p.Type)+"}")
}

// LogValue logs the provider's name and type.
func (p IdentityProvider) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// AdminCreateIdentityProvider adds a provider to the pool; p.Created and p.Modified play no part. App clients offer it
// once it is among their SupportedIdentityProviders. Common errors: [ErrProviderExists]. The request is not sent
// again after a failure that leaves open whether it was taken.
//
// It calls CreateIdentityProvider, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminCreateIdentityProvider(ctx context.Context, p IdentityProvider) (*IdentityProvider, error) {
	made, err := c.createProvider(ctx, p)
	return made, wrapError("AdminCreateIdentityProvider", err)
}

func (c *Cognito) createProvider(ctx context.Context, p IdentityProvider) (*IdentityProvider, error) {
	switch {
	case p.Name == "":
		return nil, errNoProvider
	case p.Type == "":
		return nil, fieldError("provider type", "want SAML, OIDC, Google and so on, got none")
	case len(p.Details) == 0:
		return nil, errNoDetails
	}
	out, err := c.shared().sdk.CreateIdentityProvider(ctx, &cognitoidentityprovider.CreateIdentityProviderInput{
		UserPoolId: aws.String(c.shared().id), ProviderName: aws.String(p.Name), ProviderType: p.Type,
		ProviderDetails: p.Details, AttributeMapping: p.AttributeMapping, IdpIdentifiers: p.Identifiers,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	return newProvider(out.IdentityProvider)
}

// AdminDescribeIdentityProvider reads the provider name, its client_secret included; [ErrProviderNotFound] is the usual
// error.
//
// It calls DescribeIdentityProvider, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDescribeIdentityProvider(ctx context.Context, name string) (*IdentityProvider, error) {
	p, err := c.describeProvider(ctx, name)
	return p, wrapError("AdminDescribeIdentityProvider", err)
}

func (c *Cognito) describeProvider(ctx context.Context, name string) (*IdentityProvider, error) {
	if name == "" {
		return nil, errNoProvider
	}
	out, err := c.shared().sdk.DescribeIdentityProvider(ctx, &cognitoidentityprovider.DescribeIdentityProviderInput{
		UserPoolId: aws.String(c.shared().id), ProviderName: aws.String(name),
	})
	if err != nil {
		return nil, err
	}
	return newProvider(out.IdentityProvider)
}

// AdminUpdateIdentityProvider changes the provider name: it reads it, lets change alter what it will, and writes all
// of it back, but for what the service works out itself. Name and Type cannot be changed. A change of the Details of
// SignInWithApple must give its private_key anew, which the service does not return. [ErrConflict] says that someone
// else changed the provider at the same time: read again and repeat. A change that comes between the reading and the
// writing, and is over by then, is not noticed by the service. The writing is not sent again after a failure that
// leaves open whether it was taken.
//
// It calls DescribeIdentityProvider and UpdateIdentityProvider, which need AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminUpdateIdentityProvider(ctx context.Context, name string, change func(*IdentityProvider)) (*IdentityProvider, error) {
	p, err := c.updateProvider(ctx, name, change)
	return p, wrapError("AdminUpdateIdentityProvider", err)
}

func (c *Cognito) updateProvider(ctx context.Context, name string, change func(*IdentityProvider)) (*IdentityProvider, error) {
	if change == nil {
		return nil, errNoChange
	}
	p, err := c.describeProvider(ctx, name)
	if err != nil {
		return nil, err
	}
	before, kind := maps.Clone(p.Details), p.Type
	hadMapping, hadIdentifiers := len(p.AttributeMapping) > 0, len(p.Identifiers) > 0
	change(p)
	if len(p.Details) == 0 && len(before) > 0 {
		return nil, errNoDetails
	}
	update := &cognitoidentityprovider.UpdateIdentityProviderInput{
		UserPoolId: aws.String(c.shared().id), ProviderName: aws.String(name),
		ProviderDetails: writable(p.Details), AttributeMapping: p.AttributeMapping, IdpIdentifiers: p.Identifiers,
	}
	if kind == types.IdentityProviderTypeTypeSignInWithApple && p.Details[privateKey] == "" {
		if !maps.Equal(before, p.Details) {
			return nil, fieldError("provider details", "want "+privateKey+" as well, which the service does not return")
		}
		update.ProviderDetails = nil // they stay as they are
	}
	// What a request leaves out stays as it is, so what is gone must be said.
	if hadMapping && len(p.AttributeMapping) == 0 {
		update.AttributeMapping = map[string]string{}
	}
	if hadIdentifiers && len(p.Identifiers) == 0 {
		update.IdpIdentifiers = []string{}
	}
	out, err := c.shared().sdk.UpdateIdentityProvider(ctx, update, sendOnce)
	if err != nil {
		return nil, err
	}
	return newProvider(out.IdentityProvider)
}

// AdminDeleteIdentityProvider takes the provider name out of the pool. Common errors: [ErrProviderNotFound].
//
// It calls DeleteIdentityProvider, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDeleteIdentityProvider(ctx context.Context, name string) error {
	if name == "" {
		return wrapError("AdminDeleteIdentityProvider", errNoProvider)
	}
	_, err := c.shared().sdk.DeleteIdentityProvider(ctx, &cognitoidentityprovider.DeleteIdentityProviderInput{
		UserPoolId: aws.String(c.shared().id), ProviderName: aws.String(name),
	})
	return wrapError("AdminDeleteIdentityProvider", err)
}

// IdentityProviders ranges over the pool's identity providers, as [Cognito.Users] does over users: their names, types
// and dates. It takes the options [Limit] and [PageSize].
//
// It calls ListIdentityProviders for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) IdentityProviders(ctx context.Context, opts ...CallOption) iter.Seq2[types.ProviderDescription, error] {
	return wrapErrors("IdentityProviders", c.identityProviders(ctx, opts))
}

// ListIdentityProviders returns the names, types and dates of all of the pool's identity providers; nil when there are
// none. It takes the options [Limit] and [PageSize].
//
// It calls ListIdentityProviders for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) ListIdentityProviders(ctx context.Context, opts ...CallOption) ([]types.ProviderDescription, error) {
	return collect(wrapErrors("ListIdentityProviders", c.identityProviders(ctx, opts)))
}

func (c *Cognito) identityProviders(ctx context.Context, opts []CallOption) iter.Seq2[types.ProviderDescription, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[types.ProviderDescription](err)
	}
	return pages(ctx, call.list, func(ctx context.Context, token *string, size *int32) (page[types.ProviderDescription], error) {
		out, err := c.shared().sdk.ListIdentityProviders(ctx, &cognitoidentityprovider.ListIdentityProvidersInput{
			UserPoolId: aws.String(c.shared().id), NextToken: token, MaxResults: size,
		})
		if err != nil {
			return page[types.ProviderDescription]{}, err
		}
		return page[types.ProviderDescription]{out.Providers, out.NextToken}, nil
	})
}

// Identity names one account: that of a local user of the pool or one at an identity provider. [LocalUser],
// [FederatedUser] and [FederatedUserByAttribute] make one; the zero Identity names none.
type Identity struct {
	provider, attribute, value string
}

const (
	localProvider    = "Cognito"         // what the service calls the pool itself
	subjectAttribute = "Cognito_Subject" // stands for the ID that the provider knows the user by
)

// socialProviders are the providers whose name and ID attribute are fixed.
var socialProviders = []string{"Facebook", "Google", "LoginWithAmazon", "SignInWithApple"}

// LocalUser names a user of the pool itself. username is the user's name in the pool ([User.Username]), not an alias.
func LocalUser(username string) Identity { return Identity{localProvider, subjectAttribute, username} }

// FederatedUser names a user by the ID that the identity provider knows it by: the claim sub of OIDC providers, Google
// and Apple, the id of Facebook, the user_id of Login with Amazon, the NameID of SAML. provider is the provider's name in
// the pool, for example "Google".
func FederatedUser(provider, userID string) Identity {
	return Identity{provider, subjectAttribute, userID}
}

// FederatedUserByAttribute names a user of an OIDC or SAML provider by an attribute other than its ID. attribute is the
// attribute of the pool that the provider's AttributeMapping sets from the claim, for example "email"; value is what the
// provider will say. Whoever controls that value at the provider can sign in as the linked user. Facebook, Google, Login
// with Amazon and Apple take [FederatedUser] only.
func FederatedUserByAttribute(provider, attribute, value string) Identity {
	return Identity{provider, attribute, value}
}

// String returns the provider and the user, for example "Google user 1234".
func (i Identity) String() string {
	switch {
	case i == Identity{}:
		return "no identity"
	case i.attribute == subjectAttribute:
		return i.provider + " user " + i.value
	default:
		return i.provider + " user with " + i.attribute + " " + i.value
	}
}

func (i Identity) isLocal() bool { return strings.EqualFold(i.provider, localProvider) }

// check refuses an identity that the service would refuse, or would take for another one.
func (i Identity) check(field string) error {
	switch {
	case i == Identity{}:
		return fieldError(field, "want one made by LocalUser, FederatedUser or FederatedUserByAttribute, got none")
	case i.provider == "":
		return fieldError(field, "want the name of an identity provider of the pool, got none")
	case i.value == "":
		return fieldError(field, "want the ID of the "+i.provider+" user, got none")
	case i.attribute == "":
		return fieldError(field, "want the name of an attribute, got none")
	case i.isLocal() && i.provider != localProvider:
		return fieldError(field, "want LocalUser for a user of the pool itself, got the provider "+quote(i.provider))
	case i.attribute != subjectAttribute && (i.isLocal() || slices.Contains(socialProviders, i.provider)):
		return fieldError(field, "want the user's ID at "+i.provider+", got the attribute "+quote(i.attribute))
	default:
		return nil
	}
}

func (i Identity) toService() *types.ProviderUserIdentifierType {
	return &types.ProviderUserIdentifierType{
		ProviderName: aws.String(i.provider), ProviderAttributeName: aws.String(i.attribute), ProviderAttributeValue: aws.String(i.value),
	}
}

// AdminLinkProviderForUser lets the user source of an identity provider sign in as destination, an existing user of the
// pool. destination is usually a [LocalUser]; a federated one is named by [FederatedUser]. source must be federated and
// must not have signed in yet: the service merges no accounts. A user has at most five linked identities. Link only
// identities that you trust, since whoever signs in with one is that user.
//
// Common errors: [ErrIdentityLinked] if source is already linked to this user or another one, [ErrIdentityExists] if source
// has signed in before and has an account of its own, which must be deleted first, [ErrUserNotFound] for the destination,
// and [ErrLimitExceeded]. Not retried automatically. A caller may retry: if the lost request succeeded, the second returns
// ErrIdentityLinked.
//
// It calls AdminLinkProviderForUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminLinkProviderForUser(ctx context.Context, destination, source Identity) (err error) {
	defer named("AdminLinkProviderForUser", &err)
	if err := destination.check("destination"); err != nil {
		return err
	}
	if err := source.check("source"); err != nil {
		return err
	}
	switch {
	case source.isLocal():
		return fieldError("source", "want a user of an identity provider, got a local user, who can only be the destination")
	case destination.attribute != subjectAttribute:
		return fieldError("destination", "want LocalUser or FederatedUser, the service takes no other attribute there")
	case destination == source:
		return fieldError("source", "want another user than the destination, got the same")
	}
	_, err = c.shared().sdk.AdminLinkProviderForUser(ctx, &cognitoidentityprovider.AdminLinkProviderForUserInput{
		UserPoolId: aws.String(c.shared().id), DestinationUser: destination.toService(), SourceUser: source.toService(),
	}, sendOnce)
	return err
}

// AdminDisableProviderForUser removes a link that [Cognito.AdminLinkProviderForUser] made. The federated user gets an
// account of its own at the next sign-in. Pass the same Identity as to AdminLinkProviderForUser, with one exception: use
// [FederatedUser] for a user who was linked by an attribute and has signed in since. For a [LocalUser] the call disables
// sign-in with a password. Common errors: [ErrUserNotFound].
//
// It calls AdminDisableProviderForUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDisableProviderForUser(ctx context.Context, user Identity) (err error) {
	defer named("AdminDisableProviderForUser", &err)
	if err := user.check("user"); err != nil {
		return err
	}
	_, err = c.shared().sdk.AdminDisableProviderForUser(ctx, &cognitoidentityprovider.AdminDisableProviderForUserInput{
		UserPoolId: aws.String(c.shared().id), User: user.toService(),
	})
	return err
}

const privateKey = "private_key"

// computedDetails are what the service adds to a provider's details and does not take back.
var computedDetails = []string{
	"attributes_url_add_attributes", "token_request_method",
	"ActiveEncryptionCertificate", "SLORedirectBindingURI", "SSORedirectBindingURI",
}

// writable is details without what the service works out itself.
func writable(details map[string]string) map[string]string {
	out := maps.Clone(details)
	maps.DeleteFunc(out, func(name, _ string) bool { return slices.Contains(computedDetails, name) })
	return out
}

func newProvider(p *types.IdentityProviderType) (*IdentityProvider, error) {
	if p == nil {
		return nil, errors.New("the service's answer: want an identity provider, got none")
	}
	return &IdentityProvider{
		Name: aws.ToString(p.ProviderName), Type: p.ProviderType, Details: p.ProviderDetails,
		AttributeMapping: p.AttributeMapping, Identifiers: p.IdpIdentifiers,
		Created: aws.ToTime(p.CreationDate), Modified: aws.ToTime(p.LastModifiedDate),
	}, nil
}

var (
	errNoProvider = fieldError("provider name", "want the name of an identity provider, got none")
	errNoDetails  = fieldError("provider details", "want what the pool must know of the provider, got nothing")
	errNoChange   = fieldError("change", "want a function, got nil")
)

// UserPoolClient is an app client of the pool: the settings of one application. Printed or logged it shows the name and
// the ID; it is not marshalled with its secret.
type UserPoolClient struct {
	// Settings are the app client's, as the service describes them, but for the secret.
	Settings types.UserPoolClientType
	// Secret is the app client's secret; "" when it has none.
	Secret string `json:"-"`
}

// Format prints the app client's name and ID, whatever the verb.
func (p UserPoolClient) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "UserPoolClient{"+aws.ToString(p.Settings.ClientName)+", "+aws.ToString(p.Settings.ClientId)+"}")
}

// LogValue logs the app client's name and ID.
func (p UserPoolClient) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// DescribeUserPoolClient reads the app client clientID of the pool, its secret included. That there is none is the
// service's *types.ResourceNotFoundException, reachable with [errors.As].
//
// It calls DescribeUserPoolClient, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) DescribeUserPoolClient(ctx context.Context, clientID string) (*UserPoolClient, error) {
	client, err := c.describeUserPoolClient(ctx, clientID)
	return client, wrapError("DescribeUserPoolClient", err)
}

func (c *Cognito) describeUserPoolClient(ctx context.Context, clientID string) (*UserPoolClient, error) {
	if err := c.shared().ids.checkClientID(clientID); err != nil {
		return nil, err
	}
	out, err := c.shared().sdk.DescribeUserPoolClient(ctx, &cognitoidentityprovider.DescribeUserPoolClientInput{
		UserPoolId: aws.String(c.shared().id), ClientId: aws.String(clientID),
	})
	if err != nil {
		return nil, err
	}
	return newUserPoolClient(out.UserPoolClient)
}

// AdminUpdateUserPoolClient changes the app client clientID: it reads it, lets change alter its Settings, and writes all
// of them back. (The service sets what a request leaves out to its default.) The pool, the ID, the dates and the secret
// cannot be changed. [ErrConflict] says that someone else changed the app client at the same
// time: repeat. A change that comes between the reading and the writing, and is over by then, is not noticed by the
// service. The writing is not sent again after a failure that leaves open whether it was taken.
//
// It calls DescribeUserPoolClient and UpdateUserPoolClient, which need AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminUpdateUserPoolClient(
	ctx context.Context, clientID string, change func(*UserPoolClient),
) (*UserPoolClient, error) {
	client, err := c.updateUserPoolClient(ctx, clientID, change)
	return client, wrapError("AdminUpdateUserPoolClient", err)
}

func (c *Cognito) updateUserPoolClient(
	ctx context.Context, clientID string, change func(*UserPoolClient),
) (*UserPoolClient, error) {
	if change == nil {
		return nil, errNoChange
	}
	client, err := c.describeUserPoolClient(ctx, clientID)
	if err != nil {
		return nil, err
	}
	change(client)
	update := updateOf(client.Settings)
	update.UserPoolId, update.ClientId = aws.String(c.shared().id), aws.String(clientID)
	out, err := c.shared().sdk.UpdateUserPoolClient(ctx, update, sendOnce)
	if err != nil {
		return nil, err
	}
	return newUserPoolClient(out.UserPoolClient)
}

// UserPoolClients ranges over the pool's app clients, as [Cognito.Users] does over users: their names and IDs. It takes
// the options [Limit] and [PageSize].
//
// It calls ListUserPoolClients for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) UserPoolClients(ctx context.Context, opts ...CallOption) iter.Seq2[types.UserPoolClientDescription, error] {
	return wrapErrors("UserPoolClients", c.userPoolClients(ctx, opts))
}

// ListUserPoolClients returns the names and IDs of all of the pool's app clients; nil when there are none. It takes the
// options [Limit] and [PageSize].
//
// It calls ListUserPoolClients for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) ListUserPoolClients(ctx context.Context, opts ...CallOption) ([]types.UserPoolClientDescription, error) {
	return collect(wrapErrors("ListUserPoolClients", c.userPoolClients(ctx, opts)))
}

func (c *Cognito) userPoolClients(ctx context.Context, opts []CallOption) iter.Seq2[types.UserPoolClientDescription, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[types.UserPoolClientDescription](err)
	}
	return pages(ctx, call.list, func(ctx context.Context, token *string, size *int32) (page[types.UserPoolClientDescription], error) {
		out, err := c.shared().sdk.ListUserPoolClients(ctx, &cognitoidentityprovider.ListUserPoolClientsInput{
			UserPoolId: aws.String(c.shared().id), NextToken: token, MaxResults: size,
		})
		if err != nil {
			return page[types.UserPoolClientDescription]{}, err
		}
		return page[types.UserPoolClientDescription]{out.UserPoolClients, out.NextToken}, nil
	})
}

// ClientSecret is one of the secrets of an app client. Printed or logged it shows the ID; it is not marshalled with its
// value.
type ClientSecret struct {
	// ID names the secret, for [Cognito.DeleteUserPoolClientSecret].
	ID string
	// Value is the secret itself. Only [Cognito.AddUserPoolClientSecret] returns it; in lists it is "".
	Value string `json:"-"`
	// Created is when it was added.
	Created time.Time
}

// Format prints the secret's ID, whatever the verb.
func (s ClientSecret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "ClientSecret{"+s.ID+"}") }

// LogValue logs the secret's ID.
func (s ClientSecret) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

func newClientSecret(d types.ClientSecretDescriptorType) (*ClientSecret, error) {
	return &ClientSecret{
		ID: aws.ToString(d.ClientSecretId), Value: aws.ToString(d.ClientSecretValue), Created: aws.ToTime(d.ClientSecretCreateDate),
	}, nil
}

// AddUserPoolClientSecret adds a second secret to the app client clientID, so that programs can move to it one by one.
// Delete the old secret afterwards with [Cognito.DeleteUserPoolClientSecret]. secret is 24 to 64 letters, digits, + and _;
// if it is empty, the service generates one. The result holds the value, which no later call returns. An app client has at
// most two secrets ([ErrLimitExceeded]). A public app client cannot get one. Not retried automatically.
//
// It calls AddUserPoolClientSecret, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AddUserPoolClientSecret(ctx context.Context, clientID, secret string) (_ *ClientSecret, err error) {
	defer named("AddUserPoolClientSecret", &err)
	if err := c.shared().ids.checkClientID(clientID); err != nil {
		return nil, err
	}
	if err := checkClientSecret(secret); err != nil {
		return nil, err
	}
	out, err := c.shared().sdk.AddUserPoolClientSecret(ctx, &cognitoidentityprovider.AddUserPoolClientSecretInput{
		UserPoolId: aws.String(c.shared().id), ClientId: aws.String(clientID), ClientSecret: optional(secret),
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	if out.ClientSecretDescriptor == nil {
		return nil, errors.New("the service's answer: want a client secret, got none")
	}
	added, err := newClientSecret(*out.ClientSecretDescriptor)
	if secret != "" {
		added.Value = secret // which the service does not repeat
	}
	return added, err
}

// checkClientSecret refuses a secret that the service would refuse, without repeating it.
func checkClientSecret(secret string) error {
	const fewest, most = 24, 64
	if secret != "" && (len(secret) < fewest || len(secret) > most || !allOf(secret, isWord, "+")) {
		return fieldError("secret", "want 24 to 64 letters, digits, + and _, or none")
	}
	return nil
}

// ListUserPoolClientSecrets returns the secrets of the app client clientID, without their values; nil if it has none. An
// unknown app client is the service's *types.ResourceNotFoundException, reachable with [errors.As].
//
// It calls ListUserPoolClientSecrets, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) ListUserPoolClientSecrets(ctx context.Context, clientID string) (_ []*ClientSecret, err error) {
	defer named("ListUserPoolClientSecrets", &err)
	if err := c.shared().ids.checkClientID(clientID); err != nil {
		return nil, err
	}
	return collect(mapped(pages(ctx, listOptions{}, func(ctx context.Context, token *string, _ *int32) (page[types.ClientSecretDescriptorType], error) {
		out, err := c.shared().sdk.ListUserPoolClientSecrets(ctx, &cognitoidentityprovider.ListUserPoolClientSecretsInput{
			UserPoolId: aws.String(c.shared().id), ClientId: aws.String(clientID), NextToken: token,
		})
		if err != nil {
			return page[types.ClientSecretDescriptorType]{}, err
		}
		return page[types.ClientSecretDescriptorType]{out.ClientSecrets, out.NextToken}, nil
	}), newClientSecret))
}

// DeleteUserPoolClientSecret deletes the secret secretID of the app client clientID. Calls with that secret then fail with
// [ErrSecretHash]. The service rejects the deletion of the last secret. An unknown secret is the service's
// *types.ResourceNotFoundException, reachable with [errors.As].
//
// It calls DeleteUserPoolClientSecret, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) DeleteUserPoolClientSecret(ctx context.Context, clientID, secretID string) (err error) {
	defer named("DeleteUserPoolClientSecret", &err)
	if err := c.shared().ids.checkClientID(clientID); err != nil {
		return err
	}
	if secretID == "" {
		return fieldError("secret ID", "want the ID of a client secret, got none")
	}
	_, err = c.shared().sdk.DeleteUserPoolClientSecret(ctx, &cognitoidentityprovider.DeleteUserPoolClientSecretInput{
		UserPoolId: aws.String(c.shared().id), ClientId: aws.String(clientID), ClientSecretId: aws.String(secretID),
	})
	return err
}

// updateOf is the request that changes nothing of an app client. It has a place for every setting that can be written.
func updateOf(s types.UserPoolClientType) *cognitoidentityprovider.UpdateUserPoolClientInput {
	return &cognitoidentityprovider.UpdateUserPoolClientInput{
		ClientName:                               s.ClientName,
		AccessTokenValidity:                      s.AccessTokenValidity,
		AllowedOAuthFlows:                        s.AllowedOAuthFlows,
		AllowedOAuthFlowsUserPoolClient:          aws.ToBool(s.AllowedOAuthFlowsUserPoolClient),
		AllowedOAuthScopes:                       s.AllowedOAuthScopes,
		AnalyticsConfiguration:                   s.AnalyticsConfiguration,
		AuthSessionValidity:                      s.AuthSessionValidity,
		CallbackURLs:                             s.CallbackURLs,
		DefaultRedirectURI:                       s.DefaultRedirectURI,
		EnablePropagateAdditionalUserContextData: s.EnablePropagateAdditionalUserContextData,
		EnableTokenRevocation:                    s.EnableTokenRevocation,
		ExplicitAuthFlows:                        s.ExplicitAuthFlows,
		IdTokenValidity:                          s.IdTokenValidity,
		LogoutURLs:                               s.LogoutURLs,
		PreventUserExistenceErrors:               s.PreventUserExistenceErrors,
		ReadAttributes:                           s.ReadAttributes,
		RefreshTokenRotation:                     s.RefreshTokenRotation,
		RefreshTokenValidity:                     s.RefreshTokenValidity,
		SupportedIdentityProviders:               s.SupportedIdentityProviders,
		TokenValidityUnits:                       s.TokenValidityUnits,
		WriteAttributes:                          s.WriteAttributes,
	}
}

func newUserPoolClient(client *types.UserPoolClientType) (*UserPoolClient, error) {
	if client == nil {
		return nil, errors.New("the service's answer: want an app client, got none")
	}
	settings := *client
	settings.ClientSecret = nil
	return &UserPoolClient{Settings: settings, Secret: aws.ToString(client.ClientSecret)}, nil
}
