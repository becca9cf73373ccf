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

// IdentityProvider is an external identity provider that the pool's users may sign in with. Its
// Details contain a secret. Printed or logged, it shows only its name and type. Its JSON omits the
// Details.
type IdentityProvider struct {
	// Name identifies the provider in the pool. Name and Type cannot be changed.
	Name string
	// Type is the kind of provider, such as SAML, OIDC or Google.
	Type types.IdentityProviderTypeType
	// Details are the settings of the provider, such as client_id, client_secret, authorize_scopes
	// or MetadataURL. They depend on Type. The service adds some of its own. It never returns the
	// private_key of SignInWithApple.
	Details map[string]string `json:"-"`
	// AttributeMapping maps attributes of the pool to those of the provider: {"email": "mail"}.
	AttributeMapping map[string]string
	// Identifiers are further names of the provider, for [WithIDPIdentifier].
	Identifiers []string
	// Created and Modified are the times when the provider was created and last changed.
	Created, Modified time.Time
}

// Format prints the provider's name and type, for every verb.
func (p IdentityProvider) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "IdentityProvider{"+p.Name+", "+string(p.Type)+"}")
}

// LogValue returns the provider's name and type.
func (p IdentityProvider) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// AdminCreateIdentityProvider adds the provider p to the pool and returns it as the pool stores it.
// It ignores p.Created and p.Modified. An app client offers the provider once its
// SupportedIdentityProviders list it. Common errors: [ErrProviderExists].
//
// It calls CreateIdentityProvider. Not retried automatically. Requires AWS credentials.
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

// AdminDescribeIdentityProvider returns the provider called name, including its client_secret.
// Common errors: [ErrProviderNotFound].
//
// It calls DescribeIdentityProvider. Requires AWS credentials.
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

// AdminUpdateIdentityProvider changes the provider called name. It reads the provider, calls change
// with it, writes all of it except the details that the service computes itself, and returns the
// result. Name and Type cannot be changed. To change the Details of SignInWithApple, also set its
// private_key, which the service does not return.
//
// Common errors: [ErrProviderNotFound], and [ErrConflict] if someone else changed the provider at
// the same time; then repeat the call. A change made between the read and the write is overwritten.
//
// It calls DescribeIdentityProvider and UpdateIdentityProvider. The write is not retried
// automatically. Requires AWS credentials.
func (c *Cognito) AdminUpdateIdentityProvider(
	ctx context.Context, name string, change func(*IdentityProvider),
) (*IdentityProvider, error) {
	p, err := c.updateProvider(ctx, name, change)
	return p, wrapError("AdminUpdateIdentityProvider", err)
}

func (c *Cognito) updateProvider(
	ctx context.Context, name string, change func(*IdentityProvider),
) (*IdentityProvider, error) {
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
		update.ProviderDetails = nil // so the service leaves them unchanged
	}
	// The service leaves unchanged what a request omits, so an empty value clears it.
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

// AdminDeleteIdentityProvider deletes the provider called name from the pool. Common errors:
// [ErrProviderNotFound].
//
// It calls DeleteIdentityProvider. Requires AWS credentials.
func (c *Cognito) AdminDeleteIdentityProvider(ctx context.Context, name string) error {
	if name == "" {
		return wrapError("AdminDeleteIdentityProvider", errNoProvider)
	}
	_, err := c.shared().sdk.DeleteIdentityProvider(ctx, &cognitoidentityprovider.DeleteIdentityProviderInput{
		UserPoolId: aws.String(c.shared().id), ProviderName: aws.String(name),
	})
	return wrapError("AdminDeleteIdentityProvider", err)
}

// IdentityProviders ranges over the names, types and dates of the pool's identity providers. It
// fetches pages as the range proceeds, like [Cognito.Users]. It takes the options [Limit] and
// [PageSize].
//
// It calls ListIdentityProviders for each page. Requires AWS credentials.
func (c *Cognito) IdentityProviders(
	ctx context.Context, opts ...CallOption,
) iter.Seq2[types.ProviderDescription, error] {
	return wrapErrors("IdentityProviders", c.identityProviders(ctx, opts))
}

// ListIdentityProviders returns the names, types and dates of all identity providers of the pool,
// or nil if there are none. It takes the options [Limit] and [PageSize].
//
// It calls ListIdentityProviders for each page. Requires AWS credentials.
func (c *Cognito) ListIdentityProviders(ctx context.Context, opts ...CallOption) ([]types.ProviderDescription, error) {
	return collect(wrapErrors("ListIdentityProviders", c.identityProviders(ctx, opts)))
}

func (c *Cognito) identityProviders(
	ctx context.Context, opts []CallOption,
) iter.Seq2[types.ProviderDescription, error] {
	type description = types.ProviderDescription
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[description](err)
	}
	return pages(ctx, call.list, func(ctx context.Context, token *string, size *int32) (page[description], error) {
		out, err := c.shared().sdk.ListIdentityProviders(ctx, &cognitoidentityprovider.ListIdentityProvidersInput{
			UserPoolId: aws.String(c.shared().id), NextToken: token, MaxResults: size,
		})
		if err != nil {
			return page[description]{}, err
		}
		return page[description]{out.Providers, out.NextToken}, nil
	})
}

// Identity identifies an account: that of a local user of the pool, or that of a user at an
// identity provider. Create one with [LocalUser], [FederatedUser] or [FederatedUserByAttribute].
// The zero Identity identifies no account.
type Identity struct {
	provider, attribute, value string
}

const (
	localProvider    = "Cognito"         // the service's name for the pool itself
	subjectAttribute = "Cognito_Subject" // the service's name for the user's ID at the provider
)

// socialProviders are the providers with a fixed name and a fixed ID attribute.
var socialProviders = []string{"Facebook", "Google", "LoginWithAmazon", "SignInWithApple"}

// LocalUser identifies a user of the pool itself. username is the user's name in the pool
// ([User.Username]), not an alias.
func LocalUser(username string) Identity { return Identity{localProvider, subjectAttribute, username} }

// FederatedUser identifies a user by the ID at the identity provider: the claim sub of OIDC
// providers, Google and Apple, the id of Facebook, the user_id of Login with Amazon, the NameID of
// SAML. provider is the provider's name in the pool, for example "Google".
func FederatedUser(provider, userID string) Identity {
	return Identity{provider, subjectAttribute, userID}
}

// FederatedUserByAttribute identifies a user of an OIDC or SAML provider by an attribute other than
// the ID. attribute is the attribute of the pool that the provider's AttributeMapping sets from the
// claim, for example "email". value is the value that the provider will send. Whoever controls that
// value at the provider can sign in as the linked user. Facebook, Google, Login with Amazon and
// Apple support [FederatedUser] only.
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

// check rejects an identity that the service would reject or would treat as another one. The error
// names field.
func (i Identity) check(field string) error {
	switch {
	case i == Identity{}:
		return fieldError(field, "want one from LocalUser, FederatedUser or FederatedUserByAttribute, got none")
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
		ProviderName:           aws.String(i.provider),
		ProviderAttributeName:  aws.String(i.attribute),
		ProviderAttributeValue: aws.String(i.value),
	}
}

// AdminLinkProviderForUser links the user source of an identity provider to destination, an
// existing user of the pool. source can then sign in as destination. destination is usually a
// [LocalUser]; use [FederatedUser] for a federated one. source must be federated and must not have
// signed in yet, because the service does not merge accounts. A user can have at most five linked
// identities. Link only identities that you trust: whoever signs in with one is that user.
//
// Common errors: [ErrIdentityLinked] if source is already linked to this user or another one,
// [ErrIdentityExists] if source has signed in before and has an account of its own, which must be
// deleted first, [ErrUserNotFound] if destination does not exist, and [ErrLimitExceeded]. A caller
// may retry: if a lost request succeeded, the second returns ErrIdentityLinked.
//
// It calls AdminLinkProviderForUser. Not retried automatically. Requires AWS credentials.
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
		return fieldError("source", "want a user of an identity provider, got a local user")
	case destination.attribute != subjectAttribute:
		return fieldError("destination", "want LocalUser or FederatedUser, got another attribute")
	case destination == source:
		return fieldError("source", "want another user than the destination, got the same")
	}
	_, err = c.shared().sdk.AdminLinkProviderForUser(ctx, &cognitoidentityprovider.AdminLinkProviderForUserInput{
		UserPoolId: aws.String(c.shared().id), DestinationUser: destination.toService(), SourceUser: source.toService(),
	}, sendOnce)
	return err
}

// AdminDisableProviderForUser removes a link that [Cognito.AdminLinkProviderForUser] made. At the
// next sign-in the federated user gets an account of its own. Pass the same Identity as to
// AdminLinkProviderForUser, with one exception: use [FederatedUser] for a user who was linked by an
// attribute and has signed in since. For a [LocalUser] the call disables sign-in with a password.
// Common errors: [ErrUserNotFound].
//
// It calls AdminDisableProviderForUser. Requires AWS credentials.
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

// computedDetails are the details that the service computes and does not accept.
var computedDetails = []string{
	"attributes_url_add_attributes", "token_request_method",
	"ActiveEncryptionCertificate", "SLORedirectBindingURI", "SSORedirectBindingURI",
}

// writable returns a copy of details without those that the service computes.
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
	errNoDetails  = fieldError("provider details", "want the settings of the provider, got none")
	errNoChange   = fieldError("change", "want a function, got nil")
)

// UserPoolClient is an app client of the pool. Printed or logged, it shows the name and the ID. Its
// JSON omits the secret.
type UserPoolClient struct {
	// Settings are the settings of the app client as the service describes them, without the
	// secret.
	Settings types.UserPoolClientType
	// Secret is the app client's secret. It is empty if the app client has none.
	Secret string `json:"-"`
}

// Format prints the app client's name and ID, for every verb.
func (p UserPoolClient) Format(f fmt.State, _ rune) {
	name, id := aws.ToString(p.Settings.ClientName), aws.ToString(p.Settings.ClientId)
	_, _ = io.WriteString(f, "UserPoolClient{"+name+", "+id+"}")
}

// LogValue returns the app client's name and ID.
func (p UserPoolClient) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// DescribeUserPoolClient returns the app client clientID of the pool, including its secret. If
// there is no such app client, use [errors.As] to get the service's
// *types.ResourceNotFoundException.
//
// It calls DescribeUserPoolClient. Requires AWS credentials.
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

// AdminUpdateUserPoolClient changes the app client clientID. It reads the app client, calls change
// with it, writes all of its Settings, and returns the result. (The service resets settings that a
// request omits to their defaults.) The pool, the ID, the dates and the secret cannot be changed.
//
// Common errors: [ErrConflict] if someone else changed the app client at the same time; then repeat
// the call. A change made between the read and the write is overwritten. If there is no such app
// client, use [errors.As] to get the service's *types.ResourceNotFoundException.
//
// It calls DescribeUserPoolClient and UpdateUserPoolClient. The write is not retried automatically.
// Requires AWS credentials.
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

// UserPoolClients ranges over the names and IDs of the pool's app clients. It fetches pages as the
// range proceeds, like [Cognito.Users]. It takes the options [Limit] and [PageSize].
//
// It calls ListUserPoolClients for each page. Requires AWS credentials.
func (c *Cognito) UserPoolClients(
	ctx context.Context, opts ...CallOption,
) iter.Seq2[types.UserPoolClientDescription, error] {
	return wrapErrors("UserPoolClients", c.userPoolClients(ctx, opts))
}

// ListUserPoolClients returns the names and IDs of all app clients of the pool, or nil if there are
// none. It takes the options [Limit] and [PageSize].
//
// It calls ListUserPoolClients for each page. Requires AWS credentials.
func (c *Cognito) ListUserPoolClients(
	ctx context.Context, opts ...CallOption,
) ([]types.UserPoolClientDescription, error) {
	return collect(wrapErrors("ListUserPoolClients", c.userPoolClients(ctx, opts)))
}

func (c *Cognito) userPoolClients(
	ctx context.Context, opts []CallOption,
) iter.Seq2[types.UserPoolClientDescription, error] {
	type description = types.UserPoolClientDescription
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[description](err)
	}
	return pages(ctx, call.list, func(ctx context.Context, token *string, size *int32) (page[description], error) {
		out, err := c.shared().sdk.ListUserPoolClients(ctx, &cognitoidentityprovider.ListUserPoolClientsInput{
			UserPoolId: aws.String(c.shared().id), NextToken: token, MaxResults: size,
		})
		if err != nil {
			return page[description]{}, err
		}
		return page[description]{out.UserPoolClients, out.NextToken}, nil
	})
}

// ClientSecret is one of the secrets of an app client. Printed or logged, it shows only the ID. Its
// JSON omits the value.
type ClientSecret struct {
	// ID identifies the secret in [Cognito.DeleteUserPoolClientSecret].
	ID string
	// Value is the secret itself. Only [Cognito.AddUserPoolClientSecret] returns it. It is empty in
	// lists.
	Value string `json:"-"`
	// Created is the time when the secret was added.
	Created time.Time
}

// Format prints the secret's ID, for every verb.
func (s ClientSecret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "ClientSecret{"+s.ID+"}") }

// LogValue returns the secret's ID.
func (s ClientSecret) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

func newClientSecret(d types.ClientSecretDescriptorType) (*ClientSecret, error) {
	return &ClientSecret{
		ID:      aws.ToString(d.ClientSecretId),
		Value:   aws.ToString(d.ClientSecretValue),
		Created: aws.ToTime(d.ClientSecretCreateDate),
	}, nil
}

// AddUserPoolClientSecret adds a second secret to the app client clientID, so that programs can
// move to it one after the other. Afterwards, delete the old secret with
// [Cognito.DeleteUserPoolClientSecret]. secret has 24 to 64 letters, digits, + and _. If it is
// empty, the service generates one. The result holds the value, which no later call returns. A
// public app client cannot get a secret. Common errors: [ErrLimitExceeded] if the app client
// already has two secrets.
//
// It calls AddUserPoolClientSecret. Not retried automatically. Requires AWS credentials.
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
		added.Value = secret // the service does not return it
	}
	return added, err
}

// checkClientSecret rejects a secret that the service would reject. The error does not contain it.
func checkClientSecret(secret string) error {
	const fewest, most = 24, 64
	if secret != "" && (len(secret) < fewest || len(secret) > most || !allOf(secret, isWord, "+")) {
		return fieldError("secret", "want 24 to 64 letters, digits, + and _, or none")
	}
	return nil
}

// ListUserPoolClientSecrets returns the secrets of the app client clientID without their values, or
// nil if it has none. If there is no such app client, use [errors.As] to get the service's
// *types.ResourceNotFoundException.
//
// It calls ListUserPoolClientSecrets for each page. Requires AWS credentials.
func (c *Cognito) ListUserPoolClientSecrets(ctx context.Context, clientID string) (_ []*ClientSecret, err error) {
	defer named("ListUserPoolClientSecrets", &err)
	if err := c.shared().ids.checkClientID(clientID); err != nil {
		return nil, err
	}
	type descriptor = types.ClientSecretDescriptorType
	fetch := func(ctx context.Context, token *string, _ *int32) (page[descriptor], error) {
		in := &cognitoidentityprovider.ListUserPoolClientSecretsInput{
			UserPoolId: aws.String(c.shared().id), ClientId: aws.String(clientID), NextToken: token,
		}
		out, err := c.shared().sdk.ListUserPoolClientSecrets(ctx, in)
		if err != nil {
			return page[descriptor]{}, err
		}
		return page[descriptor]{out.ClientSecrets, out.NextToken}, nil
	}
	return collect(mapped(pages(ctx, listOptions{}, fetch), newClientSecret))
}

// DeleteUserPoolClientSecret deletes the secret secretID of the app client clientID. Calls with
// that secret then fail with [ErrSecretHash]. The service rejects the deletion of the last secret.
// If there is no such secret or app client, use [errors.As] to get the service's
// *types.ResourceNotFoundException.
//
// It calls DeleteUserPoolClientSecret. Requires AWS credentials.
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

// updateOf returns the request that changes nothing in an app client. It sets every setting that
// can be written.
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
