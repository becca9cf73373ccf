package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
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
	if err := checkClientID(clientID); err != nil {
		return nil, err
	}
	out, err := c.pool.sdk.DescribeUserPoolClient(ctx, &cognitoidentityprovider.DescribeUserPoolClientInput{
		UserPoolId: aws.String(c.pool.id), ClientId: aws.String(clientID),
	})
	if err != nil {
		return nil, err
	}
	return newUserPoolClient(out.UserPoolClient)
}

// AdminUpdateUserPoolClient changes the app client clientID: it reads it, lets change alter what it will of the request
// that writes all of it back, and sends that. (The service sets what a request leaves out to its default.) The pool,
// the ID and the secret cannot be changed. [ErrConflict] says that someone else changed the app client at the same
// time: repeat. A change that comes between the reading and the writing, and is over by then, is not noticed by the
// service. The writing is not sent again after a failure that leaves open whether it was taken.
//
// It calls DescribeUserPoolClient and UpdateUserPoolClient, which need AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminUpdateUserPoolClient(
	ctx context.Context, clientID string, change func(*cognitoidentityprovider.UpdateUserPoolClientInput),
) (*UserPoolClient, error) {
	client, err := c.updateUserPoolClient(ctx, clientID, change)
	return client, wrapError("AdminUpdateUserPoolClient", err)
}

func (c *Cognito) updateUserPoolClient(
	ctx context.Context, clientID string, change func(*cognitoidentityprovider.UpdateUserPoolClientInput),
) (*UserPoolClient, error) {
	if change == nil {
		return nil, errNoChange
	}
	client, err := c.describeUserPoolClient(ctx, clientID)
	if err != nil {
		return nil, err
	}
	update := updateOf(client.Settings)
	change(update)
	update.UserPoolId, update.ClientId = aws.String(c.pool.id), aws.String(clientID)
	out, err := c.pool.sdk.UpdateUserPoolClient(ctx, update, sendOnce)
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

func (c *Cognito) userPoolClients(ctx context.Context, opts []CallOption) iter.Seq2[types.UserPoolClientDescription, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[types.UserPoolClientDescription](err)
	}
	return pages(ctx, call.list, func(ctx context.Context, token *string, size *int32) (page[types.UserPoolClientDescription], error) {
		out, err := c.pool.sdk.ListUserPoolClients(ctx, &cognitoidentityprovider.ListUserPoolClientsInput{
			UserPoolId: aws.String(c.pool.id), NextToken: token, MaxResults: size,
		})
		if err != nil {
			return page[types.UserPoolClientDescription]{}, err
		}
		return page[types.UserPoolClientDescription]{out.UserPoolClients, out.NextToken}, nil
	})
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
