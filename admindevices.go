package cognito

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// checkUserDevice refuses what names no device of a user.
func checkUserDevice(username, key string) error {
	switch {
	case username == "":
		return errNoUsername
	case key == "":
		return errNoDeviceKey
	default:
		return nil
	}
}

// AdminGetDevice returns what the pool keeps about the device key of the user username; [ErrUserNotFound] and
// [ErrDeviceNotFound] are the usual errors.
//
// It calls AdminGetDevice, which needs AWS credentials.
func (c *Cognito) AdminGetDevice(ctx context.Context, username, key string) (*TrackedDevice, error) {
	d, err := c.adminGetDevice(ctx, username, key)
	return d, wrapError("AdminGetDevice", err)
}

func (c *Cognito) adminGetDevice(ctx context.Context, username, key string) (*TrackedDevice, error) {
	if err := checkUserDevice(username, key); err != nil {
		return nil, err
	}
	out, err := c.pool.sdk.AdminGetDevice(ctx, &cognitoidentityprovider.AdminGetDeviceInput{
		UserPoolId: aws.String(c.pool.id), Username: aws.String(username), DeviceKey: aws.String(key),
	})
	if err != nil {
		return nil, err
	}
	return deviceOf(out.Device)
}

// AdminDevices lists the devices of the user username, page by page as the range goes on; each range starts anew, and
// ends with the first error. It takes the options [Limit] and [PageSize].
//
// It calls AdminListDevices, which needs AWS credentials.
func (c *Cognito) AdminDevices(ctx context.Context, username string, opts ...CallOption) iter.Seq2[*TrackedDevice, error] {
	return wrapErrors("AdminDevices", c.adminDevices(ctx, username, opts))
}

// AdminListDevices returns all devices of the user username; nil when there are none. For the rest see
// [Cognito.AdminDevices].
func (c *Cognito) AdminListDevices(ctx context.Context, username string, opts ...CallOption) ([]*TrackedDevice, error) {
	return collect(wrapErrors("AdminListDevices", c.adminDevices(ctx, username, opts)))
}

func (c *Cognito) adminDevices(ctx context.Context, username string, opts []CallOption) iter.Seq2[*TrackedDevice, error] {
	if username == "" {
		return failed[*TrackedDevice](errNoUsername)
	}
	return deviceList(ctx, opts, func(ctx context.Context, next *string, size *int32) (page[types.DeviceType], error) {
		out, err := c.pool.sdk.AdminListDevices(ctx, &cognitoidentityprovider.AdminListDevicesInput{
			UserPoolId: aws.String(c.pool.id), Username: aws.String(username), Limit: size, PaginationToken: next,
		})
		if err != nil {
			return page[types.DeviceType]{}, err
		}
		return page[types.DeviceType]{items: out.Devices, next: out.PaginationToken}, nil
	})
}

// AdminUpdateDeviceStatus says whether the device key of the user username is remembered, so that it can stand in for
// MFA; [ErrUserNotFound] and [ErrDeviceNotFound] are the usual errors.
//
// It calls AdminUpdateDeviceStatus, which needs AWS credentials.
func (c *Cognito) AdminUpdateDeviceStatus(ctx context.Context, username, key string, remembered bool) error {
	return wrapError("AdminUpdateDeviceStatus", c.adminUpdateDeviceStatus(ctx, username, key, remembered))
}

func (c *Cognito) adminUpdateDeviceStatus(ctx context.Context, username, key string, remembered bool) error {
	if err := checkUserDevice(username, key); err != nil {
		return err
	}
	_, err := c.pool.sdk.AdminUpdateDeviceStatus(ctx, &cognitoidentityprovider.AdminUpdateDeviceStatusInput{
		UserPoolId: aws.String(c.pool.id), Username: aws.String(username), DeviceKey: aws.String(key),
		DeviceRememberedStatus: rememberedStatus(remembered),
	})
	return err
}

// AdminForgetDevice makes the pool forget the device key of the user username; [ErrUserNotFound] and
// [ErrDeviceNotFound] are the usual errors. A session that signs in with the device goes on without it then.
//
// It calls AdminForgetDevice, which needs AWS credentials.
func (c *Cognito) AdminForgetDevice(ctx context.Context, username, key string) error {
	return wrapError("AdminForgetDevice", c.adminForgetDevice(ctx, username, key))
}

func (c *Cognito) adminForgetDevice(ctx context.Context, username, key string) error {
	if err := checkUserDevice(username, key); err != nil {
		return err
	}
	_, err := c.pool.sdk.AdminForgetDevice(ctx, &cognitoidentityprovider.AdminForgetDeviceInput{
		UserPoolId: aws.String(c.pool.id), Username: aws.String(username), DeviceKey: aws.String(key),
	})
	return err
}
